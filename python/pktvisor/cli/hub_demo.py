"""pktvisor-hub demo: many made-up agents that send to a hub of this host."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import pktvisor
from pktvisor import clock
from pktvisor.cli.options import Parser, complain, run
from pktvisor.cli.parsing import add_options, add_version, read_options
from pktvisor.cli.signals import signals_heard
from pktvisor.config.options import Number, Url
from pktvisor.config.urls import read_url
from pktvisor.errors import ConfigError
from pktvisor.hub.delivery import MINUTE_S
from pktvisor.hub.demo import MOST_AGENTS, MOST_PAST_MINUTES, DemoFleet, send_minute
from pktvisor.outputs.http_post import Sender
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports.http import sender

HUB = "http://localhost:10853"
SPREAD_S = 40.0
"""Agents send one after the other, within so many seconds of a minute's end."""
BOUNDED = "a whole number from {least} to {most}"


@dataclass(frozen=True)
class DemoOptions:
    """Everything that the command can be told."""

    hub: Annotated[
        str, Url(help="send to the hub at this address, which must be one of this host (default: {default})")
    ] = HUB
    agents: Annotated[
        int,
        Number(
            least=1,
            most=MOST_AGENTS,
            on_line="refused",
            noun=BOUNDED,
            help="so many agents, each of which sends once a minute (default: {default})",
        ),
    ] = 100
    past: Annotated[
        int,
        Number(
            value="MINUTES",
            least=0,
            most=MOST_PAST_MINUTES,
            on_line="refused",
            noun=BOUNDED,
            help="begin with so many minutes that are over, at once (default: {default})",
        ),
    ] = 5


def main(arguments: Sequence[str]) -> int:
    """Run the command and give its exit status."""
    return run(demo_parser(), arguments, _run)


def demo_parser() -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="pktvisor-hub demo",
        description="Let made-up agents send to a hub of this host until Ctrl-C, so that it has something to show.",
    )
    add_options(parser, DemoOptions)
    add_version(parser)
    return parser


def _run(said: argparse.Namespace) -> int:
    options = read_options(DemoOptions, said)
    url = read_url(options.hub)
    if not url.is_loopback:
        raise ConfigError(f"{url} is not on this host: what is made up must not get into a hub that others use")
    stopping = threading.Event()
    client = sender(HubTarget(url), agent="", version=pktvisor.__version__)
    try:
        with signals_heard(lambda _: stopping.set()):
            _send_all(DemoFleet(options.agents), options.past, client, stopping)
    finally:
        client.close()
    return 0


def _send_all(fleet: DemoFleet, past: int, client: Sender, stopping: threading.Event) -> None:
    """Send the minutes that are over, then each one as it ends."""

    def wait(seconds: float) -> bool:
        return not stopping.wait(seconds)

    minute = _now_minute() - past
    for over in range(minute, minute + past):
        send_minute(fleet, over, client, wait)
    if past and not stopping.is_set():
        complain(f"{fleet.agents} agents have sent {past} minutes each; they go on until Ctrl-C")
    minute += past
    while wait((minute + 1) * MINUTE_S - clock.now()):
        send_minute(fleet, minute, client, wait, over_s=SPREAD_S)
        minute += 1


def _now_minute() -> int:
    return int(clock.now()) // MINUTE_S
