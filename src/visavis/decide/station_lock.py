"""When a station stops: rule S2's guard against a camera on a street."""

from visavis.model.station import WINDOW


def after_probe(unmatched: str, *, matched: bool) -> tuple[str, bool]:
    """The station's window after one more probe, and whether it locks.

    It locks when more than half of a full window matched nobody, counted from the first probe on: 26 strangers are
    enough, whoever came in between.
    """
    window = (unmatched + ("0" if matched else "1"))[-WINDOW:]
    return window, window.count("1") > WINDOW // 2
