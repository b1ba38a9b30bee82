"""What the unit vectors of all faces have in common, for the cards we ship: ``python -m benchmarks.accuracy.centre``.

Learnt from the people of ``lfw-dev``, each weighing the same, and printed as lines of a card. Calibrations are made on
the same people; each of them moves the centre by a 2,879th of their own vector, and ``benchmarks.accuracy.ablation``,
which learns it from one half and tries it on the other, tells what it is worth where it was not made.
"""

import numpy as np
from benchmarks.accuracy.ablation import means
from benchmarks.accuracy.variants import variants

PER_LINE = 10


def main() -> None:
    """Print the centre of each card."""
    made = variants()
    for name, turned in (("centred", (False,)), ("mirrored", (False, True))):
        # The mean of raw vectors, as the embedder takes it.
        both = made.raw_of("second look", *turned)
        unit = both / np.linalg.norm(both, axis=1, keepdims=True)
        numbers = [f"{part:.5f}" for part in means(unit, made.people).mean(axis=0)]
        lines = [", ".join(numbers[at : at + PER_LINE]) for at in range(0, len(numbers), PER_LINE)]
        print(f"# {name}\ncentre = [\n    " + ",\n    ".join(lines) + ",\n]")


if __name__ == "__main__":
    main()
