"""Brokers that the hub reads windows from. One kind, one file; being here is all that it takes."""

from __future__ import annotations

import importlib

from pktvisor.config.urls import BrokerUrl
from pktvisor.hub.reading import Reading
from pktvisor.hub.taking import Taker
from pktvisor.outputs.hub_target import HubTarget


def reading(target: HubTarget, group: str, taker: Taker) -> Reading:
    """Make what reads from a broker as one of a group. ConfigError, MissingLibraryError where it can't be made."""
    assert isinstance(target.url, BrokerUrl)
    source = importlib.import_module(f"{__name__}.{target.url.kind}").source(target, group)
    return Reading(source, taker, str(target.url))
