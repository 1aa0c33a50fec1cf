"""Hubs whose clock tests set, and what is left of them when they are killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pktvisor.config.hub_models import AgentSelector, HubConfig, HubPolicyConfig
from pktvisor.hub.hub import Hub, HubSettings
from support.fleet import NANOSECONDS

FRANKFURT = HubConfig(policies=(HubPolicyConfig("fra", "default", AgentSelector({"site": ("fra",)})),))
"""Besides all agents, those of one site."""


class Clock:
    """A hub's clock, so many seconds after a beginning."""

    def __init__(self, start_s: int, after_s: float = 120.0) -> None:
        self.start_s = start_s
        self.after_s = after_s

    def __call__(self) -> int:
        return int((self.start_s + self.after_s) * NANOSECONDS)


@contextmanager
def running_hub(directory: Path, clock: Clock, config: HubConfig | None = None) -> Iterator[Hub]:
    """A hub in a directory, until the end."""
    hub = Hub(HubSettings(directory, config or HubConfig()), now_ns=clock)
    try:
        yield hub
    finally:
        hub.stop()


def killed(hub: Hub) -> Hub:
    """The hub that starts after this one was killed."""
    hub._directory_lock.release()
    return Hub(hub.settings, now_ns=hub.now_ns)
