"""``visavis account disable`` names the API keys that go on working."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from fixtures.answers import KEY, FakeServer, an_id

Run = Callable[..., Result]
ACCOUNT = an_id("acc")
KEYS = [{**KEY, "name": "backup job", "secret": None}]


@pytest.mark.parametrize(
    ("keys", "said", "not_said"),
    [
        (KEYS, "still work. Revoke those", "cannot be read"),
        (None, "cannot be read any more: look through", "still work"),
        ([], "DISABLED", "API keys"),
    ],
)
def test_keys_that_go_on_working_are_named(
    run: Run, server: FakeServer, keys: list[dict[str, object]] | None, said: str, not_said: str
) -> None:
    server.answers[f"DELETE /v1/accounts/{ACCOUNT}"] = {"id": ACCOUNT, "state": "DISABLED", "api_keys": keys}
    result: Result = run("account", "disable", ACCOUNT, "--yes")
    told = " ".join((result.stdout + result.stderr).split())
    assert (result.exit_code, said in told, not_said in told) == (0, True, False), told
    assert ("backup job" in told and str(KEY["id"]) in told) == bool(keys)
    as_json = json.loads(run("--json", "account", "disable", ACCOUNT, "--yes").stdout)["api_keys"]
    assert as_json == keys if not keys else [key["name"] for key in as_json] == ["backup job"]
