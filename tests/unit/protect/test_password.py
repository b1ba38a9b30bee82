"""Passwords and codes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.model.account import PasswordUnfit
from visavis.protect.password import hash_password, password_fits, require_fit, totp_step, totp_uri

SECRET = b"12345678901234567890"
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]
"""RFC 6238, appendix B, the last six of the eight digits."""


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    step = seconds // 30
    assert totp_step(code, secret=SECRET, now=at(seconds), after=0) == step
    assert totp_step(code, secret=SECRET, now=at(seconds), after=step) is None


@given(st.integers(-4, 4), st.integers(0, 29), st.integers(-4, 4))
def test_a_code_is_taken_one_step_early_or_late_and_only_after_the_last(steps: int, second: int, last: int) -> None:
    seconds, code = VECTORS[2]
    step = seconds // 30
    found = totp_step(code, secret=SECRET, now=at((step + steps) * 30 + second), after=step + last)
    assert found == (step if abs(steps) <= 1 and last < 0 else None)


@given(
    st.text(max_size=8).filter(lambda text: not text.isdecimal())
    | st.from_regex(r"[0-9]{0,5}|[0-9]{7,9}", fullmatch=True)
)
def test_what_is_not_six_digits_is_no_code(text: str) -> None:
    assert totp_step(text, secret=SECRET, now=at(59), after=0) is None


def test_what_an_app_reads_names_the_server_and_the_account() -> None:
    uri = totp_uri(SECRET, name="ann@x", server="Visavis (faces.example)")
    assert uri.startswith("otpauth://totp/Visavis")
    assert "ann%40x" in uri
    assert "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in uri


def test_a_hash_is_of_one_account_and_one_installation() -> None:
    hashed = hash_password("Gr\u00fc\u00dfe aus K\u00f6ln", pepper=b"p" * 32, account_id="acc_1")
    composed_otherwise = "Gru\u0308\u00dfe aus Ko\u0308ln"
    right = {"password_hash": hashed, "pepper": b"p" * 32, "account_id": "acc_1"}
    assert password_fits(composed_otherwise, **right)  # type: ignore[arg-type] # the fields' own types
    for wrong in ({"pepper": b"q" * 32}, {"account_id": "acc_2"}, {"password_hash": None}):
        assert not password_fits("Gr\u00fc\u00dfe aus K\u00f6ln", **{**right, **wrong})  # type: ignore[arg-type] # as above


@pytest.mark.parametrize("password", ["12345678901", "x" * 201, "ann-ann-ann-ann", "ann123456789"])
def test_short_long_and_the_name_are_refused(password: str) -> None:
    with pytest.raises(PasswordUnfit):
        require_fit(password, name="ann")
