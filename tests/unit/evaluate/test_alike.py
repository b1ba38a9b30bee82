"""Pairs of people who are nearer than a threshold are found, each once, whatever the blocks and the targets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.evaluate import alike
from visavis.evaluate.alike import pairs_reaching


@given(
    photos=st.lists(st.integers(0, 6), max_size=20),
    targets_from=st.integers(0, 20),
    rows=st.integers(1, 8),
    threshold=st.floats(-1, 1),
    seed=st.integers(0, 99),
)
def test_every_pair_that_reaches_the_threshold_is_found_once(
    photos: list[int], targets_from: int, rows: int, threshold: float, seed: int
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(photos), 8)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    people = np.array(photos, np.int32)
    blocks: list[None] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alike, "ROWS", rows)
        found = pairs_reaching(
            vectors, people, threshold=threshold, targets_from=targets_from, told=lambda: blocks.append(None)
        )
    scores = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    within = {
        near: {
            (min(a, b), max(a, b))
            for i, a in enumerate(photos)
            for j, b in enumerate(photos)
            if a != b and j >= targets_from and scores[i, j] >= threshold + near
        }
        for near in (-1e-5, 1e-5)
    }
    assert within[1e-5] <= found <= within[-1e-5]
    assert len(blocks) == -(-len(photos) // rows)
