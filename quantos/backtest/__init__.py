"""Decisions replayed on recorded demand, as they would have been made at the time."""
