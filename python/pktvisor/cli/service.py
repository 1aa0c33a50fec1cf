"""The daemon at work: an agent and its web server, until a signal or a fault ends it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from pktvisor import logs
from pktvisor.agent.local import LiveSettings, LocalAgent
from pktvisor.errors import PktvisorError
from pktvisor.metrics.snapshot import Labels
from pktvisor.server.settings import ServerSettings
from pktvisor.server.web_server import WebServer

logger = logging.getLogger(__name__)

FAILURE_STATUS = 1
LOOK_INTERVAL_S = 1.0
"""How often the daemon looks whether the capture is still at work."""


def serve(options: argparse.Namespace) -> int:
    """Capture and serve until SIGINT or SIGTERM; give the exit status."""
    logs.start(sys.stdout, verbose=options.verbose)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        _run(options, stop)
    except PktvisorError as error:
        logger.error("%s", error)
        logger.error("exit with failure")
        return FAILURE_STATUS
    logger.info("exit with success")
    return 0


def _run(options: argparse.Namespace, stop: threading.Event) -> None:
    if options.deep_sample_rate != 100:
        logger.info("Using maximum deep sample rate: %d%%", options.deep_sample_rate)
    agent = LocalAgent(_settings(options))
    logger.info("pktvisor %s starting up", agent.version)
    agent.start()
    try:
        server = WebServer(agent, ServerSettings(options.host, options.port, prometheus_labels=_labels(options)))
        server.start()
        try:
            while not stop.wait(LOOK_INTERVAL_S):
                agent.check()
            logger.info("Shutting down")
        finally:
            server.stop()
    finally:
        agent.stop()


def _settings(options: argparse.Namespace) -> LiveSettings:
    return LiveSettings(
        target=options.target,
        filter_expression=options.filter_expression,
        hosts=options.hosts or "",
        periods=options.periods,
        deep_sample_rate=options.deep_sample_rate,
        geo_city=options.geo_city,
        geo_asn=options.geo_asn,
        workers=options.workers or 1,
    )


def _labels(options: argparse.Namespace) -> Labels:
    return (("instance", options.prom_instance),) if options.prom_instance else ()
