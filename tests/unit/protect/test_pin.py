"""PINs are hashed slowly, with the root in them, for one person."""

import time

import pytest

from visavis.protect.pin import hash_pin, new_pin, pin_fits

ROOT = bytes(range(32))


def test_a_pin_fits_its_hash_for_its_person_and_root_only() -> None:
    hashed = hash_pin("123456", pepper=ROOT, subject_id="sub_a")
    assert pin_fits("123456", pin_hash=hashed, pepper=ROOT, subject_id="sub_a")
    assert not pin_fits("123457", pin_hash=hashed, pepper=ROOT, subject_id="sub_a")
    assert not pin_fits("123456", pin_hash=hashed, pepper=ROOT, subject_id="sub_b")
    assert not pin_fits("123456", pin_hash=hashed, pepper=bytes(32), subject_id="sub_a")
    assert not pin_fits("123456", pin_hash=None, pepper=ROOT, subject_id="sub_a")


def test_the_same_pin_has_another_hash_each_time() -> None:
    assert hash_pin("1", pepper=ROOT, subject_id="s") != hash_pin("1", pepper=ROOT, subject_id="s")


def test_the_cost_is_in_the_hash() -> None:
    assert hash_pin("1", pepper=ROOT, subject_id="s").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_where_there_is_nobody_as_much_is_computed() -> None:
    hashed = hash_pin("123456", pepper=ROOT, subject_id="sub_a")

    def fastest(pin_hash: str | None) -> float:
        times = []
        for _ in range(5):
            start = time.thread_time()
            pin_fits("000000", pin_hash=pin_hash, pepper=ROOT, subject_id="sub_a")
            times.append(time.thread_time() - start)
        return min(times)

    assert fastest(None) > fastest(hashed) / 2


def test_new_pins_are_six_digits_and_keep_leading_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(len(pin) == 6 and pin.isdigit() for pin in (new_pin() for _ in range(50)))
    monkeypatch.setattr("secrets.randbelow", lambda _: 7)
    assert new_pin() == "000007"
