"""Agents whose inputs need no rights."""

from __future__ import annotations

import pytest

from pktvisor.agent.local import AgentSettings, LocalAgent
from support.inputs import TestInput


@pytest.fixture(autouse=True)
def _inputs_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    TestInput.take_over(monkeypatch)


@pytest.fixture
def agent() -> LocalAgent:
    return LocalAgent(AgentSettings())
