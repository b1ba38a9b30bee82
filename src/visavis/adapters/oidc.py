"""An OpenID provider, by Authlib: authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636)."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from visavis.flows.ports import Clock, IdentityProvider
from visavis.model.account import Errand, Identity, OidcRefused, OidcUnreachable
from visavis.model.configuration import SettingsMissing, SettingsUnsafe
from visavis.settings import is_this_machine

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Signatures that are taken; neither ``none`` nor any that is made with the client's secret."""
_LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 10.0
_SCOPE: Final = "openid profile email"
_NAMES: Final = ("preferred_username", "email", "sub")
"""What somebody is called by, the best first."""


@dataclass(frozen=True, slots=True)
class Client:
    """What this server is at the provider. ``redirect_uri``: where browsers come back to."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    roles_claim: str


def read_secret(path: Path) -> str:
    """The client's secret, without white space at its ends.

    :raises SettingsMissing: it cannot be read, or there is none. :raises SettingsUnsafe: others can read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsUnsafe(f"Others can read {path}: it has to have mode 0600.")
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsMissing(f"oidc_client_secret_file: {path} cannot be read ({type(error).__name__}).") from None
    if not secret:
        raise SettingsMissing(f"oidc_client_secret_file: {path} is empty.")
    return secret


class OpenIdProvider(IdentityProvider):
    """See the port. The provider is asked what it offers at the first login, not at the start of the server.

    :param transport: in place of the network, for tests.
    """

    def __init__(self, client: Client, *, clock: Clock, transport: httpx2.BaseTransport | None = None) -> None:
        self._client = client
        self._clock = clock
        self._transport = transport
        self._lock = threading.Lock()
        self._offered: dict[str, Any] | None = None
        self._keys: KeySet | None = None

    def address(self, errand: Errand) -> str:
        """See the port."""
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._endpoint(session, "authorization_endpoint"),
                state=errand.state,
                nonce=errand.nonce,
                code_verifier=errand.verifier,
            )
        return str(url)

    def identity(self, errand: Errand, *, code: str) -> Identity:
        """See the port.

        1. The provider takes the code with the verifier of PKCE, and gives an ID token.
        2. It is signed by one of the provider's keys, with an algorithm that is taken.
        3. It is of this provider, for this server, in time, and for the nonce.
        """
        with self._session() as session:
            # 1
            endpoint = self._endpoint(session, "token_endpoint")
            try:
                given = session.fetch_token(
                    endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=errand.verifier,
                    redirect_uri=self._client.redirect_uri,
                )
            except httpx2.HTTPError as error:
                raise OidcUnreachable(f"The token endpoint: {type(error).__name__}.") from None
            except (OAuthError, ValueError):
                raise OidcRefused("The provider did not take the code.") from None
            # 2
            token = self._opened(session, given.get("id_token"))
        # 3
        claims = self._checked(token, errand=errand, access_token=given.get("access_token"))
        return Identity(
            self._client.issuer, claims["sub"], _name(claims), _groups(claims.get(self._client.roles_claim))
        )

    def _session(self) -> Any:
        return OAuth2Client(
            client_id=self._client.client_id,
            client_secret=self._client.client_secret,
            redirect_uri=self._client.redirect_uri,
            scope=_SCOPE,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
            follow_redirects=False,
            transport=self._transport,
        )

    def _endpoint(self, session: Any, name: str) -> str:
        """An address that the provider names (OpenID Connect Discovery 1.0, section 4)."""
        with self._lock:
            offered = self._offered
        if offered is None:
            offered = self._fetched(session, self._client.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if offered.get("issuer") != self._client.issuer:
                raise OidcUnreachable("What answers at 'oidc_issuer' calls itself otherwise.")
            with self._lock:
                self._offered = offered
        address = offered.get(name)
        if not isinstance(address, str) or not is_private(address):
            raise OidcUnreachable(f"The provider names no {name} with https.")
        return address

    def _fetched(self, session: Any, address: str) -> dict[str, Any]:
        try:
            answer = session.request("GET", address, withhold_token=True)
            answer.raise_for_status()
            told = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise OidcUnreachable(f"{urlsplit(address).path}: {type(error).__name__}.") from None
        if not isinstance(told, dict):
            raise OidcUnreachable(f"{urlsplit(address).path}: not an object.")
        return told

    def _opened(self, session: Any, token: object) -> jwt.Token:
        """The token, if a key of the provider's signed it; its keys are fetched again where none of those known did."""
        if not isinstance(token, str):
            raise OidcRefused("The provider gave no ID token.")
        with self._lock:
            known = self._keys
        if known is not None:
            with suppress(JoseError, ValueError):
                return jwt.decode(token, known, algorithms=ALGORITHMS)
        try:
            return jwt.decode(token, self._fetched_keys(session), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            raise OidcRefused("The ID token is not signed by the provider.") from None

    def _fetched_keys(self, session: Any) -> KeySet:
        told = self._fetched(session, self._endpoint(session, "jwks_uri"))
        try:
            keys = KeySet.import_key_set({"keys": told["keys"]})
        except (JoseError, KeyError, TypeError, ValueError):
            raise OidcUnreachable("The provider's keys cannot be read.") from None
        with self._lock:
            self._keys = keys
        return keys

    def _checked(self, token: jwt.Token, *, errand: Errand, access_token: object) -> dict[str, Any]:
        options = {
            "iss": {"essential": True, "value": self._client.issuer},
            "aud": {"essential": True, "value": self._client.client_id},
            "sub": {"essential": True},
        }
        params = {"nonce": errand.nonce, "client_id": self._client.client_id, "access_token": access_token}
        claims = CodeIDToken(token.claims, token.header, options, params)
        try:
            claims.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY_S)
        except (JoseError, TypeError, ValueError) as error:
            raise OidcRefused(f"The ID token does not hold: {type(error).__name__}.") from None
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise OidcRefused("The ID token names nobody.")
        return dict(claims)


def is_private(address: str) -> bool:
    """Whether nobody else reads what is sent there: ``https``, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname or ""))


def _name(claims: dict[str, Any]) -> str:
    return next(str(claims[name]) for name in _NAMES if isinstance(claims.get(name), str) and claims[name])


def _groups(claimed: object) -> tuple[str, ...]:
    if isinstance(claimed, str):
        return (claimed,)
    return tuple(one for one in claimed if isinstance(one, str)) if isinstance(claimed, list) else ()
