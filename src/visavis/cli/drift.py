"""What ``visavis doctor`` asks a running server: whether the scores at its stations are those of the calibration."""

from typing import Final

from visavis.cli.output import gather
from visavis.cli.shell import Shell
from visavis.client import VisavisProblem

_NAME: Final = "drift"
_MOST: Final = 1_000
_ALARMS: Final = frozenset({"own", "others", "both"})
_MEND: Final = (
    "Look at the camera and the light there, and compare with docs/guides/evaluate.md; measure with 'visavis evaluate' "
    "on photos from there, of people who agreed to that; enrol anew with photos from there."
)


def drift(shell: Shell) -> dict[str, str]:
    """One finding. A server that was not asked, or does not answer, is no failure: others tell whether one runs."""
    if not shell.api_key:
        return _row("ok", "The stations were not asked: that takes VISAVIS_API_KEY, with the scope 'operate'.")
    try:
        with shell.operator() as server:
            stations = gather(server.stations, after=None, limit=_MOST).items
    except VisavisProblem as problem:
        return _row("ok", f"The stations could not be asked: {problem.code}.")
    odd = sorted(station.id for station in stations if station.drift in _ALARMS)
    if odd:
        said = f"At {len(odd)} of {len(stations)} stations scores are not those of the calibration: {', '.join(odd)}."
        return _row("warn", said, _MEND)
    known = sum(station.drift == "none" for station in stations)
    return _row(
        "ok", f"At {known} of {len(stations)} stations scores are those of the calibration; none has left them."
    )


def _row(state: str, message: str, mend: str = "") -> dict[str, str]:
    return {"state": state, "name": _NAME, "message": message, "mend": mend}
