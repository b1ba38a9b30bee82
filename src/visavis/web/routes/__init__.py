"""One file a concept: what travels in, which flow runs, what travels out."""
