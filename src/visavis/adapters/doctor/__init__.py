"""Everything a user can get wrong, checked without changing anything; one file a group of checks."""

from visavis.adapters.doctor.check import Check, State
from visavis.adapters.doctor.diagnose import diagnose

__all__ = ["Check", "State", "diagnose"]
