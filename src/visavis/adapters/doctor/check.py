"""One finding, and how a check is made so that its own failure is a finding too."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from visavis.model.errors import VisavisError
from visavis.settings import Settings

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``mend`` tells a person what to do; empty where there is nothing to do."""

    name: str
    state: State
    message: str
    mend: str = ""


Checking = Callable[[Settings], Iterator[Check]]
"""Makes the checks of one name; what it raises is told as a failure."""


def made(name: str, check: Checking, settings: Settings) -> list[Check]:
    """The findings of a check. One that cannot be made fails: it is not passed over."""
    try:
        return list(check(settings))
    except VisavisError as error:
        return [Check(name, "fail", error.detail or type(error).__name__, error.mend)]
    except sqlite3.Error as error:
        # What SQLite says names tables and files, never a value.
        mend = "Stop what else has the database open and check who owns it; if it is damaged, restore a backup."
        return [Check(name, "fail", f"The database cannot be read: {error}.", mend)]
    except sa.exc.SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split()).rstrip(".")
        mend = "Check that PostgreSQL runs, that the setting 'database' names it, and that this user may use it."
        return [Check(name, "fail", f"The database cannot be read: {said}.", mend)]
    except OSError as error:
        what = ": ".join(str(part) for part in (error.filename, error.strerror or type(error).__name__) if part)
        mend = "Check that it is there and who may use it."
        return [Check(name, "fail", f"This could not be checked: {what}.", mend)]
    except Exception as error:  # noqa: BLE001 -- a check that crashes has not passed
        mend = "Look at what is there; if nothing is wrong with it, this is a fault of ours: report it."
        return [Check(name, "fail", f"This could not be checked: {type(error).__name__}.", mend)]
