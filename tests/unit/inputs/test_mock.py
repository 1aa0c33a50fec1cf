"""The input without events."""

from __future__ import annotations

import pytest

from pktvisor.errors import ConfigError
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.mock import MockInput


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
    assert {type(made({"iface": "lo"}, Defaults())) for made in inputs().values()} == set(inputs().values())
