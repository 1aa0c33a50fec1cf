"""The input without events."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.errors import ConfigError
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.mock import MockInput
from support.written import body


def test_it_runs_until_it_is_stopped() -> None:
    source = MockInput({"any": "key"}, Defaults())
    source.start([])
    source.note_policies(1, 2)
    assert source.is_running
    source.stop()
    assert not source.is_running


def test_its_start_can_be_made_to_fail() -> None:
    with pytest.raises(ConfigError, match="mock error on start"):
        MockInput({"except_on_start": True}, Defaults()).start([])


def test_every_input_can_be_made() -> None:
    made = [one(one.stand_in, Defaults()) for one in inputs().values()]
    assert {type(one) for one in made} == set(inputs().values())


def test_policies_over_it_stay_at_zero() -> None:
    agent = LocalAgent(AgentSettings())
    agent.add_tap("visor: {taps: {still: {input_type: mock}}}")
    handlers = "handlers: {modules: {net: {type: net}, dns: {type: dns}}}"
    told: Any = agent.add_policy(body(f"p: {{kind: collection, input: {{tap: still, input_type: mock}}, {handlers}}}"))
    ((_, stream),) = told["p"]["input"].items()
    assert stream["input"] == {"consumers": 3, "running": True}
    assert "mock" not in stream
    values = [sample.value for one in agent.policies["p"].bucket(0) for sample in one.samples]
    assert {value for value in values if isinstance(value, int)} == {0}
    agent.stop()
