"""How often somebody may call as a custodian: their share is their only proof, and there is no API key."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from visavis.model.errors import VisavisError
from visavis.web.auth import network_of
from visavis.web.rates import Rates

_CLAIMED = "custodian"


def count_custodian(request: Request, rates: Rates) -> str:
    """One more call from an address; returns the address.

    :raises LockedOut, RateLimited: there were too many.
    """
    address = network_of(request.client.host) if request.client else "unknown"
    rates.require_patience(address, _CLAIMED)
    rates.count_call(f"{_CLAIMED} {address}")
    request.state.caller = _CLAIMED
    return address


@contextmanager
def from_custodian(request: Request, rates: Rates, *failures: type[VisavisError]) -> Iterator[None]:
    """Look at what a custodian proves; what fails as named is counted, and who fails often waits.

    :raises LockedOut, RateLimited: there were too many.
    """
    address = count_custodian(request, rates)
    try:
        yield
    except failures:
        rates.count_failure(address, _CLAIMED)
        raise
