"""Keeping attack presentations out, before anything is embedded."""
