"""The transparency log as rules: trees, tiles, notes, proofs, events and what makes a log believable."""
