"""From scores to a decision: the bar comes from a promise and a calibration, never from a caller."""
