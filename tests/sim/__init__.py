"""Stand-ins that behave: a clock, faces, a store that breaks."""
