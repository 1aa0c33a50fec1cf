"""pktvisord: summarise live interfaces and serve the result over HTTP; or capture files, as the reader does."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pktvisor.cli.daemon_options import CAPTURE_FILE_ENDINGS, DaemonOptions, daemon_parser, resolve
from pktvisor.cli.options import FAILURE_STATUS, FILE_FAILURE_STATUS, UsageError, complain, run
from pktvisor.errors import PktvisorError

PATHS = (
    *("tls_cert", "tls_key", "tls_client_ca", "token_file", "log_file", "state_dir", "geo_city", "geo_asn"),
    *("default_geo_city", "default_geo_asn", "iana_service_port_registry", "default_service_registry"),
    *("otel_tls_cert", "otel_tls_key"),
)
"""Options that name a file or a directory."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    return run(daemon_parser(), arguments, _run)


def _run(said: argparse.Namespace) -> int:
    if said.check_config is not None:
        from pktvisor.cli.check_config import check_config

        return check_config(said.check_config)
    if said.make_token is not None:
        from pktvisor.cli.make_token import print_token

        return print_token(*said.make_token)
    if said.targets and all(_is_file(target) for target in said.targets):
        return _summarize(said)
    if len(said.targets) > 1:
        raise UsageError("only capture files can be more than one TARGET: --config takes more interfaces than one")
    said.target = said.targets[0] if said.targets else None
    return _serve(said)


def _is_file(target: str) -> bool:
    """Tell whether `target` is a capture file, by its name or for being there and no interface."""
    if target.endswith(CAPTURE_FILE_ENDINGS):
        return True
    interfaces = {"any", "auto", *(name for _, name in socket.if_nameindex())}
    return target not in interfaces and (Path(target).is_file() or Path(target).is_dir())


def _summarize(said: argparse.Namespace) -> int:
    from pktvisor.cli.summary import print_summary

    said.deep_sample_rate = 100 if said.max_deep_sample is None else said.max_deep_sample
    try:
        print_summary(said.targets, said)
    except UsageError:
        raise
    except PktvisorError as error:
        complain(error)
        return FILE_FAILURE_STATUS
    return 0


def _serve(said: argparse.Namespace) -> int:
    from pktvisor.cli.detach import detach
    from pktvisor.cli.service import Work, list_modules, serve
    from pktvisor.config.models import AgentConfig

    config = AgentConfig()
    try:
        if said.config is not None:
            from pktvisor.config.schema import load_file

            config = load_file(said.config)
        options = resolve(said, config.options)
    except PktvisorError as error:
        complain(error)
        return FAILURE_STATUS
    if options.module_list:
        return list_modules(options)
    if said.target is None and not options.admin_api and not config.policies:
        complain("Nothing to do: specify --admin-api or IFACE, or policies in a file by --config.")
        complain("pktvisord --help tells the options")
        return FAILURE_STATUS
    options = _absolute(options)
    config_file = None if said.config is None else Path(said.config).resolve()
    work = Work(options, config, config_file, said.target, said.filter_expression, said.hosts or "")
    if options.daemon and detach(options):
        return 0
    return serve(work)


def _absolute(options: DaemonOptions) -> DaemonOptions:
    """Make paths independent of the directory that the daemon works in."""
    paths = {name: value for name in PATHS if (value := getattr(options, name)) is not None}
    absolute: dict[str, Any] = {name: str(Path(path).resolve()) for name, path in paths.items()}
    return replace(options, **absolute)
