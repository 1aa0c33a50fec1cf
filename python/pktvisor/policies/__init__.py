"""Policies: handlers joined to an input, with their windows."""
