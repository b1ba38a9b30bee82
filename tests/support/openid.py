"""A small OpenID provider: real tokens, signed with a key of the test's."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from visavis.flows.ports import Clock

ISSUER = "https://id.example"
CLIENT = "visavis"
BACK = "http://127.0.0.1:8642/console/oidc/back"


@dataclass
class Provider:
    """Answers as a provider does. ``claims``, ``header`` and ``key`` can be set to what is wrong."""

    clock: Clock
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, str] = field(default_factory=lambda: {"alg": "ES256", "kid": "k1"})
    signing: Any = None
    issuer: str = ISSUER
    fails: set[str] = field(default_factory=set)
    asked: dict[str, str] = field(default_factory=dict)
    """What the browser came with."""
    paths: list[str] = field(default_factory=list)

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self._answer)

    def visited(self, address: str) -> str:
        """A browser comes with the address it was sent to, and the person logs in; the code it goes back with."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        self.asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return "the-code"

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.paths.append(path)
        if path in self.fails:
            raise httpx2.ConnectError("nobody is there")
        if path == "/.well-known/openid-configuration":
            named = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            addresses = {name: f"{ISSUER}{place}" for name, place in named.items()}
            return httpx2.Response(200, json={"issuer": self.issuer, **addresses})
        if path == "/keys":
            return httpx2.Response(200, json=KeySet([self.key]).as_dict(private=False))
        return self._tokens(request)

    def _tokens(self, request: httpx2.Request) -> httpx2.Response:
        sent = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        shown = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=")
        fits = challenge.decode() == self.asked["code_challenge"] and self.asked["code_challenge_method"] == "S256"
        if not fits or shown != f"{CLIENT}:the-secret" or (sent["code"], sent["redirect_uri"]) != ("the-code", BACK):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        return httpx2.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": self.token()})

    def token(self) -> str:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER, "aud": CLIENT, "sub": "1234", "iat": now, "exp": now + 300, "nonce": self.asked["nonce"],
            "preferred_username": "Dora", "groups": ["desk"], **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.header["alg"] in {"none", "HS256"}:
            return self._forged(claims)
        return jwt.encode(self.header, claims, self.signing or self.key, algorithms=[self.header["alg"]])

    def _forged(self, claims: dict[str, Any]) -> str:
        """By hand: no library makes such a token."""
        parts = b".".join(_text(json.dumps(part).encode()) for part in (self.header, claims))
        mac = b"" if self.header["alg"] == "none" else _text(hmac.digest(self.signing, parts, "sha256"))
        return b".".join((parts, mac)).decode()

    def public(self) -> bytes:
        """What a forger signs with who hopes that the public key is taken for a shared secret."""
        pem: bytes = self.key.as_pem(private=False)
        return pem


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
