"""The composition root of who logs in at the console."""

from typing import Final

from visavis.adapters.oidc import Client, OpenIdProvider, is_private, read_secret
from visavis.flows.console_login import ConsoleLogin
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, IdentityProvider, Store
from visavis.flows.provider_login import ProviderLogin
from visavis.model.account import read_roles
from visavis.model.configuration import SettingsInvalid
from visavis.settings import Settings

BACK: Final = "/console/oidc/back"
"""Where browsers come back to from the provider, below the server's own address."""


def console_login(settings: Settings, store: Store, keyring: Keyring, clock: Clock) -> ConsoleLogin:
    """The flow of local accounts."""
    server = settings.base_url.partition("//")[2]
    return ConsoleLogin(store=store, keyring=keyring, clock=clock, server=f"Visavis ({server})")


def provider_login(settings: Settings, store: Store, keyring: Keyring, clock: Clock) -> ProviderLogin:
    """The flow of an OpenID provider's accounts, which is off where none is set.

    :raises StartupError: only a part of a provider is set, or its secret cannot be read.
    """
    roles = read_roles(settings.oidc_roles or "")
    provider = _provider(settings, clock)
    return ProviderLogin(store=store, keyring=keyring, clock=clock, provider=provider, roles=roles)


def _provider(settings: Settings, clock: Clock) -> IdentityProvider | None:
    parts = {name: getattr(settings, name) for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret_file")}
    missing = [name for name, value in (*parts.items(), ("oidc_roles", settings.oidc_roles)) if not value]
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret_file is None:
        if any(parts.values()):
            raise SettingsInvalid(f"An OpenID provider needs {' and '.join(missing)} too.")
        return None
    if missing:
        raise SettingsInvalid(f"An OpenID provider needs {' and '.join(missing)} too.")
    if not is_private(settings.oidc_issuer):
        raise SettingsInvalid("oidc_issuer: begins with https:// unless it is this machine.")
    client = Client(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=read_secret(settings.oidc_client_secret_file),
        redirect_uri=f"{settings.base_url}{BACK}",
        roles_claim=settings.oidc_roles_claim,
    )
    return OpenIdProvider(client, clock=clock)
