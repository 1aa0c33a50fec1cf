"""Ways to the hub. One way, one file, called as the kind of URL that leads there; being here is all that it takes."""

from __future__ import annotations

import importlib

from pktvisor.config.urls import HttpUrl
from pktvisor.outputs.http_post import Sender
from pktvisor.outputs.hub_target import HubTarget


def sender(hub: HubTarget, *, agent: str, version: str) -> Sender:
    """Make what sends an agent's windows to a hub. ConfigError, MissingLibraryError where it can't be made."""
    kind = "http" if isinstance(hub.url, HttpUrl) else hub.url.kind
    made: Sender = importlib.import_module(f"{__name__}.{kind}").sender(hub, agent=agent, version=version)
    return made
