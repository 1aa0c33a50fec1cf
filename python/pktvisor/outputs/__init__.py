"""Outputs: one format, one file, each rendering the neutral snapshot."""
