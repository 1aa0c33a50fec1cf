"""One running process: its policies, their windows, its start and stop."""
