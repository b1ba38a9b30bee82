"""Plays the attacker against a real server with real data, from outside, and tells what he got."""
