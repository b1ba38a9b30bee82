"""Failed proofs and how long they make somebody wait, by a clock that the test moves."""

import pytest

from visavis.model.access import LockedOut, RateLimited
from visavis.web import rates
from visavis.web.auth import network_of
from visavis.web.rates import Rates

HERE, THERE = "192.0.2.1", "198.51.100.1"
DOOR, DESK = "signer sta_door", "key key_desk"


class Ticks:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def counted(ticks: Ticks) -> Rates:
    return Rates(calls_per_minute=3, failures_per_minute=30, monotonic=ticks)


def wait(counted: Rates, address: str = HERE, claimed: str = DOOR) -> float:
    try:
        counted.require_patience(address, claimed)
    except LockedOut as locked:
        return locked.retry_after_s or -1.0
    return 0.0


def fail(counted: Rates, times: int = 1, address: str = HERE, claimed: str = DOOR) -> None:
    for _ in range(times):
        counted.count_failure(address, claimed)


def test_five_failures_are_free_and_then_each_doubles_the_wait_up_to_a_quarter_of_an_hour(
    counted: Rates, ticks: Ticks
) -> None:
    waits = []
    for _ in range(18):
        fail(counted)
        waits.append(wait(counted))
        ticks.s += waits[-1] + 20
        assert wait(counted) == 0
    assert waits == [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_a_proof_makes_failures_forgotten_and_so_does_an_hour(counted: Rates, ticks: Ticks) -> None:
    fail(counted, 8)
    assert wait(counted) == 8
    ticks.s += 9
    counted.count_proof(HERE, DOOR)
    fail(counted, 5)
    assert wait(counted) == 0
    fail(counted, 3)
    ticks.s += rates._LONGEST_WAIT_S
    fail(counted)
    assert wait(counted) == 16, "sitting out a wait does not help"
    ticks.s += rates._FORGOTTEN_S
    fail(counted)
    assert wait(counted) == 0


def test_a_claim_that_failed_holds_up_nobody_else(counted: Rates) -> None:
    fail(counted, 12)
    assert wait(counted) > 60
    assert wait(counted, HERE, DESK) == 0
    assert wait(counted, THERE, DOOR) == 0


def test_inventing_claims_is_bounded_by_address_and_who_is_known_there_goes_on(counted: Rates, ticks: Ticks) -> None:
    counted.count_proof(HERE, DESK)
    for number in range(30):
        assert wait(counted, claimed=f"key {number}") == 0
        fail(counted, claimed=f"key {number}")
    assert wait(counted, claimed="key of somebody") == 60
    assert wait(counted, claimed="key 7") == 60
    assert wait(counted, HERE, DESK) == 0, "who proved who they are there today is not held up"
    assert wait(counted, THERE, "key of somebody") == 0
    ticks.s += 59
    assert wait(counted, claimed="key of somebody") == 1
    ticks.s += 1
    assert wait(counted, claimed="key of somebody") == 0


def test_who_was_known_yesterday_waits_like_everybody(counted: Rates, ticks: Ticks) -> None:
    counted.count_proof(HERE, DESK)
    ticks.s += rates._KNOWN_S
    fail(counted, 5, claimed="a")
    for claim in "bcdef":
        fail(counted, 5, claimed=claim)
    assert wait(counted, HERE, DESK) == 60


def test_guesses_that_one_address_has_in_an_hour(counted: Rates, ticks: Ticks) -> None:
    """Whatever claims it invents, and however it waits."""
    looked_at = 0
    for second in range(3600):
        for number in range(20):
            claimed = f"key {second}.{number}"
            if wait(counted, claimed=claimed) == 0:
                looked_at += 1
                fail(counted, claimed=claimed)
        ticks.s += 1
    assert looked_at == 30 * 60


def test_guesses_at_one_claim_in_an_hour(counted: Rates, ticks: Ticks) -> None:
    looked_at = 0
    for _ in range(3600):
        if wait(counted) == 0:
            looked_at += 1
            fail(counted)
        ticks.s += 1
    assert looked_at <= 18


def test_inventing_claims_and_addresses_fills_no_memory_and_keeps_the_addresses_budget(
    counted: Rates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_MOST", 100)
    for number in range(30):
        fail(counted, claimed=f"first {number}")
    for number in range(5000):
        fail(counted, address=f"address {number % 50}", claimed=f"key {number}")
        counted.count_proof(f"address {number}", f"link {number}")
    for number in range(5000):
        counted.count_call(f"caller {number}")
    sizes = [len(counted._claims), len(counted._addresses), len(counted._known), len(counted._calls)]
    assert sizes == [100, 51, 100, 100]
    assert wait(counted, claimed="somebody") == 60, "the claims are forgotten, the address is not"


def test_calls_are_counted_by_the_minute(counted: Rates, ticks: Ticks) -> None:
    for second in (0, 10, 10):
        ticks.s += second
        counted.count_call("desk")
    with pytest.raises(RateLimited) as limited:
        counted.count_call("desk")
    assert limited.value.retry_after_s == 40
    counted.count_call("door")
    ticks.s += 40
    counted.count_call("desk")
    with pytest.raises(RateLimited):
        counted.count_call("desk")


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_customer_is_one_address(host: str, network: str) -> None:
    assert network_of(host) == network
