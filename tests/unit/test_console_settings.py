"""An OpenID provider is set as a whole or not at all, and its secret is nobody else's."""

from pathlib import Path
from typing import Any, cast

import pytest

from visavis import bootstrap_console
from visavis.flows.provider_login import ProviderLogin
from visavis.model.account import Role, read_roles
from visavis.model.configuration import SettingsInvalid, SettingsMissing, SettingsUnsafe
from visavis.settings import read_settings


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, Any]:
    secret = tmp_path / "secret"
    secret.write_text("the-secret\n")
    secret.chmod(0o600)
    return {
        "oidc_issuer": "https://id.example",
        "oidc_client_id": "visavis",
        "oidc_client_secret_file": secret,
        "oidc_roles": "a=admin, b = c=operator",
    }


def opened(options: dict[str, Any]) -> ProviderLogin:
    nothing = cast("Any", None)
    return bootstrap_console.provider_login(read_settings(**options), nothing, nothing, nothing)


def test_all_of_it_is_a_provider_and_nothing_is_none(whole: dict[str, Any]) -> None:
    assert opened(whole).is_on
    assert not opened({}).is_on


@pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_client_id", "oidc_client_secret_file", "oidc_roles"])
def test_a_part_of_it_is_refused_and_what_is_missing_named(whole: dict[str, Any], missing: str) -> None:
    del whole[missing]
    with pytest.raises(SettingsInvalid, match=missing):
        opened(whole)


def test_a_provider_is_asked_over_https(whole: dict[str, Any]) -> None:
    with pytest.raises(SettingsInvalid, match="https"):
        opened({**whole, "oidc_issuer": "http://id.example"})
    assert opened({**whole, "oidc_issuer": "http://127.0.0.1:9000/realm"}).is_on


def test_the_secret_is_there_and_others_cannot_read_it(whole: dict[str, Any]) -> None:
    file: Path = whole["oidc_client_secret_file"]
    file.chmod(0o640)
    with pytest.raises(SettingsUnsafe, match="0600"):
        opened(whole)
    file.chmod(0o600)
    file.write_text(" \n")
    with pytest.raises(SettingsMissing, match="empty"):
        opened(whole)
    file.unlink()
    with pytest.raises(SettingsMissing, match="FileNotFoundError"):
        opened(whole)


def test_roles_are_read() -> None:
    assert read_roles("a=admin, b = c=operator,") == {"a": Role.ADMIN, "b = c": Role.OPERATOR}
    assert read_roles("") == {}


@pytest.mark.parametrize("text", ["admin", "=admin", "a=root", "a=admin,a=operator", "a="])
def test_roles_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="oidc-roles"):
        read_settings(oidc_roles=text)
