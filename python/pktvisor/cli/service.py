"""The daemon at work: an agent, its web server and its exports, until a signal, a client or a fault ends it."""

from __future__ import annotations

import logging
import signal
import socket
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pktvisor import clock, logs
from pktvisor.agent.local import AgentSettings, LocalAgent
from pktvisor.agent.lookups import Lookups
from pktvisor.agent.memory import limit_memory
from pktvisor.agent.tap import Origin
from pktvisor.cli.exports import Exports, follower_of
from pktvisor.cli.options import FAILURE_STATUS, complain
from pktvisor.cli.sandbox import give_up_files, give_up_rights_of_agent
from pktvisor.cli.service_manager import ServiceManager
from pktvisor.cli.serving import Reloading, Signals, reload_all, server_settings, start_log, take_signals, wait
from pktvisor.cli.user import tell_unreadable
from pktvisor.config.daemon_options import DaemonOptions
from pktvisor.config.models import AgentConfig
from pktvisor.errors import InputError, PktvisorError
from pktvisor.handlers import handlers
from pktvisor.inputs import inputs
from pktvisor.inputs.base import Defaults
from pktvisor.metrics.snapshot import Labels
from pktvisor.policies.default import default_policy, default_tap
from pktvisor.policies.instances import WindowDefaults
from pktvisor.server.settings import ServerSettings
from pktvisor.server.web_server import WebServer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """What the daemon was asked to do."""

    options: DaemonOptions
    config: AgentConfig
    config_file: Path | None
    target: str | None
    """Interface of the policy `default`."""
    filter_expression: str
    hosts: str


def serve(work: Work) -> int:
    """Capture and serve until something ends it; give the exit status."""
    try:
        start_log(work.options, "pktvisord")
    except PktvisorError as error:
        complain(error)
        return FAILURE_STATUS
    try:
        _run(work)
    except PktvisorError as error:
        logger.error("%s", error)
        logger.error("exit with failure")
        complain(f"pktvisord: {error}")
        return FAILURE_STATUS
    logger.info("exit with success")
    return 0


def list_modules(options: DaemonOptions) -> int:
    """Log which inputs and handlers there are."""
    start_log(options, "pktvisord")
    for name in inputs():
        logger.info("input: %s version 1.0", name)
    for name, version in handlers():
        logger.info("handler: %s version %s", name, version)
    return 0


def _run(work: Work) -> None:
    options = work.options
    limit_memory(options.memory_mb)
    lookups = Lookups(
        options.geo_city or options.default_geo_city,
        options.geo_asn or options.default_geo_asn,
        options.geo_cache_size,
        suffix_list=options.suffix_list,
        services=options.iana_service_port_registry or options.default_service_registry,
    )
    agent = LocalAgent(_settings(work, lookups))
    logger.info("pktvisor %s starting up", agent.version)
    _tell_options(work)
    if options.user is not None:
        tell_unreadable(options)
    with ExitStack() as last, ExitStack() as stack:
        signals = take_signals(last)  # the end in time is watched over to the very end
        manager = ServiceManager()
        last.callback(manager.close)
        stack.callback(agent.stop)
        exports = Exports(agent, options, _agent_name(options))
        last.callback(exports.stop)  # once the inputs have ended
        give_up_files(options, work.config)
        if work.config_file is not None:
            agent.take_over(work.config)
        if work.target is not None:
            tap = default_tap(work.target, work.hosts)
            policy = default_policy(work.filter_expression, _window_defaults(options), tap.input_type)
            agent.define(tap, Origin.COMMAND_LINE)
            agent.start(policy, Origin.COMMAND_LINE)
        follower = follower_of(agent, options, _agent_name(options))
        if follower is not None:
            follower.restore()
        server = WebServer(agent, _server_settings(options, exports))
        give_up_rights_of_agent(options, may_capture_again=_can_get_other_work(work))
        server.start()
        stack.callback(server.stop)
        exports.start()
        if follower is not None:
            follower.start()
            stack.callback(follower.stop)
        manager.ready()
        stack.callback(manager.stopping)
        _look_after(agent, server, lookups, signals, manager, must_run=not _can_get_other_work(work))
        logger.info("Shutting down")


def _look_after(
    agent: LocalAgent,
    server: WebServer,
    lookups: Lookups,
    signals: Signals,
    manager: ServiceManager,
    *,
    must_run: bool,
) -> None:
    """Wait for the end. Where all that there is to do has ended by itself, that is a fault."""
    reloading = Reloading(lambda: reload_all(agent, server, manager))
    renewing = Reloading(lambda: _renew(agent, lookups))
    while not agent.is_stopping.is_set():
        came = wait(signals)
        if came & {signal.SIGINT, signal.SIGTERM}:
            return
        if signal.SIGHUP in came:
            reloading.ask()
        if lookups.have_changed() or signal.SIGHUP in came:
            renewing.ask()
        faults = agent.check()
        if faults and must_run:
            raise InputError(faults[0])
        agent.resume(clock.monotonic())
        agent.save()
        logs.tell_left_out()


def _can_get_other_work(work: Work) -> bool:
    """Tell whether taps and policies can come, or come back, later."""
    return work.options.admin_api or work.options.hub_policies or work.config_file is not None


def _window_defaults(options: DaemonOptions) -> WindowDefaults:
    return WindowDefaults(options.kept_periods, options.max_deep_sample, options.window_length)


def _settings(work: Work, lookups: Lookups) -> AgentSettings:
    options = work.options
    return AgentSettings(
        windows=_window_defaults(options),
        inputs=Defaults(
            options.workers or 1,
            options.lookback,
            not options.no_promiscuous,
            options.ports,
            options.decapsulate,
        ),
        databases=lookups.databases,
        config_file=work.config_file,
        state_directory=None if options.state_dir is None else Path(options.state_dir),
    )


def _server_settings(options: DaemonOptions, exports: Exports) -> ServerSettings:
    return replace(
        server_settings(options),
        agent_name=_agent_name(options),
        prometheus_labels=_labels(options),
        exports=exports.counters,
    )


def _agent_name(options: DaemonOptions) -> str:
    return options.agent_name or options.prom_instance or socket.gethostname()


def _tell_options(work: Work) -> None:
    """Say what options mean that have no effect."""
    options = work.options
    if options.max_deep_sample != 100:
        logger.info("Using maximum deep sample rate: %d%%", options.max_deep_sample)
    if options.cp_token or options.cp_url or options.cp_path:
        logger.warning("--cp-token, --cp-url, --cp-path: this agent sends no crash reports")
    if options.module_dir:
        logger.warning("--module-dir is ignored: there are no modules to load")


def _renew(agent: LocalAgent, lookups: Lookups) -> None:
    """Take databases that were replaced."""
    if lookups.read_again():
        agent.look_up_in(lookups.databases)


def _labels(options: DaemonOptions) -> Labels:
    return (("instance", options.prom_instance),) if options.prom_instance else ()
