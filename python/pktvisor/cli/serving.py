"""What commands with a web server have in common: their log, and the settings of the server."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeAlias

from pktvisor import logs
from pktvisor.agent.running import RunningAgent
from pktvisor.cli.service_manager import ServiceManager
from pktvisor.cli.signals import ENDING, signals_heard
from pktvisor.config.networks import read_networks
from pktvisor.config.server_options import ServerOptions
from pktvisor.errors import InputError, NotFoundError, PktvisorError
from pktvisor.server.proxies import TrustedProxy
from pktvisor.server.settings import ServerSettings, TlsFiles
from pktvisor.server.web_server import WebServer

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 1.0
"""How often a command looks whether something is to be done."""

Signals: TypeAlias = SimpleQueue[int]
"""Signals that have come."""


def start_log(options: ServerOptions, command: str) -> None:
    """Log where the options say. Raises `InputError`."""
    form: logs.Form = "json" if options.log_format == "json" else "text"
    try:
        if options.log_file is not None:
            logs.start_file(options.log_file, verbose=options.verbose, form=form)
        elif options.syslog:
            logs.start_syslog(command, verbose=options.verbose, form=form)
        else:
            logs.start(sys.stdout, verbose=options.verbose, form=form)
    except OSError as error:
        raise InputError(f"Log init failed: {error.filename}: {error.strerror}") from error


def server_settings(options: ServerOptions) -> ServerSettings:
    """What the options say of the server."""
    return ServerSettings(
        options.host,
        options.port,
        names=_names(options),
        admin_api=options.admin_api,
        tls=_tls_files(options),
        token_file=None if options.token_file is None else Path(options.token_file),
        proxy=_proxy(options),
    )


def _proxy(options: ServerOptions) -> TrustedProxy | None:
    """The proxy whose word counts, if there is one."""
    if options.trusted_proxy is None:
        return None
    admins = (name.strip() for name in (options.proxy_admins or "").split(","))
    return TrustedProxy(read_networks(options.trusted_proxy), options.proxy_header, frozenset(filter(None, admins)))


def _tls_files(options: ServerOptions) -> TlsFiles | None:
    """The files for HTTPS, where it is on."""
    if not (options.tls and options.tls_cert and options.tls_key):
        return None
    client_ca = None if options.tls_client_ca is None else Path(options.tls_client_ca)
    return TlsFiles(Path(options.tls_cert), Path(options.tls_key), client_ca)


def _names(options: ServerOptions) -> tuple[str, ...]:
    """Further names that clients call the server by."""
    return tuple(name.strip().lower() for name in (options.host_names or "").split(",") if name.strip())


def take_signals(stack: ExitStack) -> Signals:
    """Collect the signals that ask for the end, or to read the configuration again."""
    signals: Signals = SimpleQueue()
    stack.enter_context(signals_heard(signals.put, (*ENDING, signal.SIGHUP)))
    return signals


def wait(signals: Signals) -> set[int]:
    """Wait for signals, but no longer than until the next look; many of one kind are one."""
    came: set[int] = set()
    try:
        came.add(signals.get(timeout=LOOK_INTERVAL_S))
        while True:
            came.add(signals.get_nowait())
    except Empty:
        return came


class Reloading:
    """Reads again what can be read again, in a thread of its own: the main thread goes on looking after all else.

    Whoever asks while it is at work gets it done once more, however often he asks.
    """

    def __init__(self, reload: Callable[[], None]) -> None:
        self._reload = reload
        self._asked = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)

    def ask(self) -> None:
        """Have it done."""
        self._asked.release()
        if self._thread.ident is None:
            self._thread.start()

    def _run(self) -> None:
        while self._asked.acquire():
            while self._asked.acquire(blocking=False):
                pass  # many that came meanwhile are one
            try:
                self._reload()
            except Exception:  # a fault of ours must not be the last reload
                logger.exception("not reloaded")


def reload_all(agent: RunningAgent, server: WebServer, manager: ServiceManager) -> None:
    """Read tokens, certificate and configuration again."""
    with manager.reloading():
        for read_again in (server.reload, lambda: agent.apply(None, is_dry_run=False)):
            try:
                read_again()
            except NotFoundError:
                continue  # there is no configuration file
            except PktvisorError as error:
                logger.error("not reloaded; nothing has changed: %s", error)
