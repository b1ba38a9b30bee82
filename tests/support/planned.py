"""A calibration with round numbers, for what plans with one."""

from visavis.model.calibration import Calibration, CalibrationPoint, Misses, MissPoint

_STEPS = range(41)


def calibration(*, people: int = 10_000) -> Calibration:
    """From 1e-1 at 0.2 down to its floor, 1e-5, at 0.5; up to 3 % are missed there, with three references 1 %."""
    rates = [10 ** (-1 - step / 10) for step in _STEPS]
    missed = [0.002 + 0.028 * step / 40 for step in _STEPS]
    at = [0.2 + 0.3 * step / 40 for step in _STEPS]
    return Calibration(
        model_id="m",
        points=tuple(CalibrationPoint(fmr, score, fmr * 0.7, fmr * 1.4) for fmr, score in zip(rates, at, strict=True)),
        fmr_floor=rates[-1],
        people=people,
        misses=tuple(
            Misses(
                photos, 800, tuple(MissPoint(t, m / photos, m / photos / 2, m) for t, m in zip(at, missed, strict=True))
            )
            for photos in (1, 3)
        ),
    )
