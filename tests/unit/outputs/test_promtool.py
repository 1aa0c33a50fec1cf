"""What Prometheus' own checker says of the text formats."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs import prometheus
from support.snapshots import counter, handler, sample, top
from support.windows import recorded_window

PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian: prometheus) is not installed")

NAMES_OF_OLD = (
    'non-counter metrics should not have "_total" suffix',
    'counter metrics should have "_total" suffix',
    "metric names should be written in 'snake_case' not 'camelCase'",
    'use base unit "seconds" instead of',
    "metric names should not contain abbreviated units",
    "metric name should not include type 'histogram'",
)
"""What it would rather see, where names are those that pktvisor's users know."""


def complaints(policies: dict[str, list[HandlerSnapshot]]) -> list[str]:
    """Check a text; an error of syntax fails at once."""
    text = prometheus.render(policies, static=(("instance", "pop1"),))
    assert PROMTOOL is not None
    command = [PROMTOOL, "check", "metrics"]
    checked = subprocess.run(command, check=False, input=text, capture_output=True, text=True, timeout=30)
    assert checked.returncode in (0, 3), checked.stderr
    return checked.stderr.splitlines()


def test_a_window_with_every_metric_is_sound_but_for_names_of_old() -> None:
    window = recorded_window()
    said = complaints({"one": window, "two": window})
    assert [line for line in said if not any(reason in line for reason in NAMES_OF_OLD)] == []


def test_odd_names_are_sound() -> None:
    names = ('a "quoted" name', "back\\slash", "line\nfeed", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "{}", "#", "")
    entries = top("qname", **dict.fromkeys(names, 1))
    assert complaints({"p": [handler(sample("top", "dns_top", "top", entries), counter("dns_a", "a", 1))]}) == []
