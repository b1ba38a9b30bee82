"""How good an angle of a head is."""

import math


def cosine_squared(degrees: float) -> float:
    """100 straight ahead, 0 at a right angle and beyond (ISO/IEC 29794-5:2025, head pose)."""
    return 100.0 * max(0.0, math.cos(math.radians(degrees))) ** 2
