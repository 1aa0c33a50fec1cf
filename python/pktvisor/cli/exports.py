"""What the daemon pushes its windows to: an OTLP receiver, a hub."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pktvisor.agent.local import LocalAgent
from pktvisor.cli.otlp import otlp_pusher
from pktvisor.config.daemon_options import DaemonOptions
from pktvisor.config.urls import read_hub_url

if TYPE_CHECKING:
    from pktvisor.agent.following import Follower
    from pktvisor.outputs.hub_push import HubPusher
    from pktvisor.outputs.hub_target import HubTarget
    from pktvisor.outputs.push_thread import PushThread

logger = logging.getLogger(__name__)

SPOOL = "hub"
"""Folder in the state directory where windows wait for the hub, unless another is named."""
BOOT_BYTES = 8


class Exports:
    """The pushers that the options ask for. Raises `ConfigError`, `InputError` where one can't be made."""

    def __init__(self, agent: LocalAgent, options: DaemonOptions, agent_name: str) -> None:
        self._pushers: dict[str, PushThread] = {}
        if options.otel:
            instance = options.prom_instance or agent_name
            self._pushers["otlp"] = otlp_pusher(lambda: agent.policies, options, agent.version, instance)
        if options.hub is not None:
            self._pushers["hub"] = _hub(agent, options, options.hub, agent_name)

    def start(self) -> None:
        """Begin to push."""
        for pusher in self._pushers.values():
            pusher.start()

    def stop(self) -> None:
        """Push what is left, within a bounded time, and end; the inputs have ended before."""
        for pusher in self._pushers.values():
            pusher.stop()

    def counters(self) -> Mapping[str, Mapping[str, int]]:
        """Give what became of windows, by where they go."""
        return {name: pusher.counters() for name, pusher in self._pushers.items()}


def spool_of(options: DaemonOptions) -> Path | None:
    """Where windows wait for the hub; None where they do so in memory."""
    if options.hub_spool is not None:
        return Path(options.hub_spool)
    return None if options.state_dir is None else Path(options.state_dir) / SPOOL


def _hub(agent: LocalAgent, options: DaemonOptions, url: str, agent_name: str) -> HubPusher:
    from pktvisor.outputs.hub_body import Identity, as_arrow, packed
    from pktvisor.outputs.hub_push import HubPusher
    from pktvisor.outputs.hub_spool import Spool
    from pktvisor.outputs.hub_transports import sender as sender_to

    hub = _target(options, url)
    sender = sender_to(hub, agent=agent_name, version=agent.version)
    folder = spool_of(options)
    spool = Spool(folder, most_bytes=options.hub_spool_mb << 20)
    where = "in memory" if folder is None else f"in {folder}"
    logger.info("hub: sending to %s as %s; %d windows wait %s", hub.url, agent_name, len(spool), where)
    return HubPusher(
        lambda: agent.policies,
        spool,
        sender,
        Identity(agent_name, secrets.token_hex(BOOT_BYTES), agent.version, options.tags),
        as_arrow if options.hub_arrow else packed,
        most_items=options.hub_top_items,
        windows_outlive=options.state_dir is not None,
    )


def _target(options: DaemonOptions, url: str) -> HubTarget:
    from pktvisor.outputs.hub_target import HubTarget

    files = (options.hub_token_file, options.hub_ca, options.hub_cert, options.hub_key)
    return HubTarget(read_hub_url(url), *(None if path is None else Path(path) for path in files))


def follower_of(agent: LocalAgent, options: DaemonOptions, agent_name: str) -> Follower | None:
    """What takes the hub's policies, where the options ask for it. Raises `ConfigError` as `HubConnection`."""
    if not options.hub_policies or options.hub is None:
        return None
    from pktvisor.agent.following import Follower
    from pktvisor.outputs.hub_desired import DesiredClient

    client = DesiredClient(_target(options, options.hub), agent=agent_name, version=agent.version, tags=options.tags)
    folder = None if options.state_dir is None else Path(options.state_dir)
    logger.info("hub: policies are those that %s wants", options.hub)
    return Follower(agent, client, interval_s=options.hub_policies_interval, state_directory=folder)
