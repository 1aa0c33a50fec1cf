"""pktvisor-hub: take the windows of many agents, and serve them as one."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pktvisor import clock, logs
from pktvisor.cli.options import FAILURE_STATUS, Parser, complain, run
from pktvisor.cli.otlp import otlp_pusher
from pktvisor.cli.parsing import add_options, add_version, read_options
from pktvisor.cli.sandbox import give_up_rights_of_hub, places_of_hub
from pktvisor.cli.service_manager import ServiceManager
from pktvisor.cli.serving import Reloading, Signals, reload_all, server_settings, start_log, take_signals, wait
from pktvisor.cli.user import become_user, tell_unreadable
from pktvisor.config.hub_models import HubConfig
from pktvisor.config.hub_options import HubOptions
from pktvisor.config.urls import read_broker_url, read_lake_url
from pktvisor.errors import PktvisorError
from pktvisor.hub.as_agent import HubAsAgent
from pktvisor.hub.configuring import load_configuration
from pktvisor.hub.database import check_library
from pktvisor.hub.delta import LakePlace
from pktvisor.hub.hub import Hub, HubSettings
from pktvisor.hub.routes import groups
from pktvisor.hub.taking import Taker
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.server.settings import Bounds
from pktvisor.server.web_server import WebServer

if TYPE_CHECKING:
    from pktvisor.outputs.otlp_push import Pusher

logger = logging.getLogger(__name__)

BOUNDS = Bounds(
    most_body_bytes=8 << 20,
    most_connections=8192,
    most_connections_per_client=8192,
    requests_per_second=2000.0,
    most_rated_clients=1 << 16,
)
"""Wider than an agent's: many agents come, some of them from one address."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["sql"]:
        from pktvisor.cli import hub_sql

        return hub_sql.main(given[1:])
    if given[:1] == ["demo"]:
        from pktvisor.cli import hub_demo

        return hub_demo.main(given[1:])
    return run(hub_parser(), given, _run)


def hub_parser() -> Parser:
    """Make the parser."""
    parser = Parser(
        prog="pktvisor-hub",
        description="Collect the windows of many agents (pktvisord --hub), and serve them as one. "
        "pktvisor-hub sql QUERY asks what is kept; pktvisor-hub demo lets made-up agents send to it.",
    )
    add_options(parser, HubOptions)
    add_version(parser)
    return parser


def _run(said: argparse.Namespace) -> int:
    if said.check_config is not None:
        from pktvisor.cli.check_config import check_hub_config

        return check_hub_config(said.check_config)
    if said.make_token is not None:
        from pktvisor.cli.make_token import print_token

        return print_token(*said.make_token)
    options = read_options(HubOptions, said)
    if (user := options.user) is not None:
        options = replace(options, data_dir=str(options.directory))  # where it is, depends on who starts it
        become_user(user, places_of_hub(options, _lake_directory(options)))
    try:
        start_log(options, "pktvisor-hub")
    except PktvisorError as error:
        complain(error)
        return FAILURE_STATUS
    try:
        _serve(options)
    except PktvisorError as error:
        logger.error("%s", error)
        complain(f"pktvisor-hub: {error}")
        return FAILURE_STATUS
    logger.info("exit with success")
    return 0


def _serve(options: HubOptions) -> None:
    if options.user is not None:
        tell_unreadable(options)
    with ExitStack() as stack:
        signals = take_signals(stack)
        manager = ServiceManager()
        stack.callback(manager.close)
        check_library()
        broker = _broker(options)
        lake = None if options.lake is None else _place(options.lake)
        config_file = None if options.config is None else Path(options.config).absolute()
        config = HubConfig() if config_file is None else load_configuration(config_file)
        most_bytes = options.keep_gb * 1_000_000_000
        hub = Hub(HubSettings(options.directory, config, options.keep_days, options.kept_days_merged, most_bytes))
        stack.callback(hub.stop)
        agent = HubAsAgent(hub, config_file)
        server, pusher = _served(agent, options)
        give_up_rights_of_hub(options, None if lake is None else lake.written)
        if lake is not None:
            _copy_to(lake, hub, stack)  # before anybody can ask for its counters
        _start(server, pusher, stack)
        logger.info("hub: everything is kept in %s", options.directory)
        if broker is not None:
            _read_from(broker, options.source_group, hub, stack)
        if server.is_open_to_a_network:
            logger.warning("everyone who reaches %s can send windows: use --token-file", server.settings.address)
        manager.ready()
        stack.callback(manager.stopping)
        _look_after(agent, server, signals, manager)
        logger.info("Shutting down")


def _served(agent: HubAsAgent, options: HubOptions) -> tuple[WebServer, Pusher | None]:
    """A web server, and what pushes by OTLP if that is wanted; they have read the files that they need."""
    settings = replace(server_settings(options), agent_name=socket.gethostname(), bounds=BOUNDS)
    pusher = otlp_pusher(lambda: agent.policies, options, agent.version, socket.gethostname()) if options.otel else None
    if pusher is not None:
        settings = replace(settings, exports=lambda: {"otlp": pusher.counters()})
    return WebServer(agent, settings, groups()), pusher


def _start(server: WebServer, pusher: Pusher | None, stack: ExitStack) -> None:
    """Have them at work until the end."""
    server.start()
    stack.callback(server.stop)
    if pusher is not None:
        pusher.start()
        stack.callback(pusher.stop)


def _broker(options: HubOptions) -> HubTarget | None:
    """The broker to read from, if there is one."""
    if options.source is None:
        return None
    files = (options.source_token_file, options.source_ca, options.source_cert, options.source_key)
    return HubTarget(read_broker_url(options.source), *(None if path is None else Path(path) for path in files))


def _read_from(broker: HubTarget, group: str, hub: Hub, stack: ExitStack) -> None:
    from pktvisor.hub.sources import reading

    reader = reading(broker, group, Taker(hub.admission))
    reader.start()
    stack.callback(reader.stop)
    logger.info("hub: reading from %s as one of %s", broker.url, group)


def _lake_directory(options: HubOptions) -> Path | None:
    """The directory that the lake is, if it is one."""
    url = None if options.lake is None else read_lake_url(options.lake)
    return Path(url.path) if url is not None and url.kind == "file" else None


def _place(lake: str) -> LakePlace:
    """The place of the lake, made ready. InputError, MissingLibraryError where there can be none."""
    from pktvisor.hub import delta, lakes

    delta.check_library()
    return lakes.place(read_lake_url(lake))


def _copy_to(place: LakePlace, hub: Hub, stack: ExitStack) -> None:
    from pktvisor.hub.lake import Lake

    lake = Lake(hub, place)
    hub.counters_besides = lake.counters
    lake.start()
    stack.callback(lake.stop)
    logger.info("hub: sealed hours are copied to %s", place.root)


def _look_after(agent: HubAsAgent, server: WebServer, signals: Signals, manager: ServiceManager) -> None:
    """Do what is due, until a signal or a client ends it."""
    reloading = Reloading(lambda: reload_all(agent, server, manager))
    while not agent.is_stopping.is_set():
        came = wait(signals)
        if came & {signal.SIGINT, signal.SIGTERM}:
            return
        if signal.SIGHUP in came:
            reloading.ask()
        agent.hub.tick(clock.monotonic())
        agent.look(clock.monotonic())
        logs.tell_left_out()
