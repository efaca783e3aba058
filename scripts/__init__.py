"""Doors to the project: each parses its arguments, calls, and prints."""
