"""Sealing: what is stored can be read only with its subject's key, in the place it was written for."""
