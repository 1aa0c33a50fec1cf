"""What the tests of the hub share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pktvisor.config.hub_models import HubConfig
from pktvisor.hub.hub import Hub
from support.hubs import Clock, running_hub


@pytest.fixture
def config() -> HubConfig:
    """Policies of the hub, none where a file of tests says no others."""
    return HubConfig()


@pytest.fixture
def hub(tmp_path: Path, clock: Clock, config: HubConfig) -> Iterator[Hub]:
    """A hub in a directory of its own, by the clock that each file of tests sets."""
    with running_hub(tmp_path, clock, config) as made:
        yield made
