"""Visavis recognises people who asked to be recognised, and nobody else."""

__version__ = "0.1.0"
