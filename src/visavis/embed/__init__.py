"""From an aligned face to a unit vector with the id of the model that made it."""
