"""Finding the nearest references of one gallery; an index is memory, the truth is the sealed database."""
