from __future__ import annotations

import sys
from types import ModuleType

import pytest

from support.reading import FakeReading


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> FakeReading:
    reading = FakeReading()
    module = ModuleType("pktvisor.policies.summary")
    module.summarize_file = reading.summarize_file  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pktvisor.policies.summary", module)
    return reading
