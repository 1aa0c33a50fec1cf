"""Inputs: where packets come from. One source, one file."""
