"""In CI a skipped test is a failed one, unless it is skipped for what CI can't mend.

A test that is skipped is not run, and nobody reads the list of reasons. `.ci/run` sets the variable CI and installs
what the tests need; where something is missing all the same, the run must not end well.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

ALLOWED = (
    "no answers of the C++ pktvisor",
    "the kernel has no Landlock",
    "no IPv6 here",
)
"""How the reasons begin that are no failure: what is beside the repository, and what the kernel lacks."""

Step = Generator[None, pytest.TestReport, pytest.TestReport]
Collection = Generator[None, pytest.CollectReport, pytest.CollectReport]


def is_allowed(reason: str) -> bool:
    return reason.removeprefix("Skipped: ").startswith(ALLOWED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Step:
    report = yield
    fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Collection:
    report = yield
    fail_if_skipped(report)
    return report


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not os.environ.get("CI") or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not is_allowed(reason):
        report.outcome = "failed"
        report.longrepr = f"CI must run this test, but it was skipped: {reason.removeprefix('Skipped: ')}"
