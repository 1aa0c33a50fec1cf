"""What holds for every test."""

from hypothesis import settings

from support.logging_state import loggers_as_before
from support.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["loggers_as_before", "pytest_make_collect_report", "pytest_runtest_makereport"]

# How long an example takes says something of the machine, not of the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
