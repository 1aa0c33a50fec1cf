"""pktvisord: summarise live interfaces and serve the result over HTTP; or capture files, as the reader does."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pktvisor.cli.options import FAILURE_STATUS, FILE_FAILURE_STATUS, Parser, UsageError, complain, run
from pktvisor.cli.parsing import add_options, add_version
from pktvisor.config.daemon_options import CAPTURE_FILE_ENDINGS, DaemonOptions, resolve
from pktvisor.errors import PktvisorError

if TYPE_CHECKING:
    from pktvisor.config.models import AgentConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    return run(daemon_parser(), arguments, _run)


def daemon_parser() -> Parser:
    """Make the parser. What was not said is None, so that the file may say it."""
    parser = Parser(
        prog="pktvisord", description="Summarise your data streams: live, served over HTTP, or from a file."
    )
    add_options(parser, DaemonOptions, is_open=True)
    add_version(parser)
    return parser


def _run(said: argparse.Namespace) -> int:
    if said.check_config is not None:
        from pktvisor.cli.check_config import check_config

        return check_config(said.check_config, vars(said))
    if said.make_token is not None:
        from pktvisor.cli.make_token import print_token

        return print_token(*said.make_token)
    if said.targets and all(_is_file(target) for target in said.targets):
        return _summarize(said)
    if any(_is_file(target) for target in said.targets):
        raise UsageError("name either capture files or interfaces, not both")
    return _serve(said)


def _is_file(target: str) -> bool:
    """Tell whether `target` is a capture file, by its name or for being there and no interface."""
    if target.endswith(CAPTURE_FILE_ENDINGS):
        return True
    interfaces = {"any", "auto", *(name for _, name in socket.if_nameindex())}
    return target not in interfaces and (Path(target).is_file() or Path(target).is_dir())


def _summarize(said: argparse.Namespace) -> int:
    from pktvisor.agent.memory import limit_memory
    from pktvisor.cli.summary import print_summary

    options = resolve(vars(said), {})
    limit_memory(options.memory_mb)
    try:
        print_summary(options.targets, options)
    except UsageError:
        raise
    except PktvisorError as error:
        complain(error)
        return FILE_FAILURE_STATUS
    return 0


def _target(targets: Sequence[str]) -> str | None:
    """Give the interfaces as one word for a tap; None for none. UsageError where they don't go together."""
    from pktvisor.policies.default import MOCK, is_interface

    if len(set(targets)) < len(targets):
        raise UsageError(f"name each interface once: {' '.join(targets)}")
    if len(targets) > 1 and MOCK in targets and not is_interface(MOCK):
        raise UsageError(f"{MOCK} is made-up traffic: it can't be one of several interfaces")
    return ",".join(targets) or None


def _check_names(target: str, config: AgentConfig, file: str | None) -> None:
    """UsageError where the file has what the command line makes of an interface."""
    from pktvisor.policies.default import DEFAULT

    for kind, some in (("tap", config.taps), ("policy", config.policies)):
        if any(one.name == DEFAULT for one in some):
            raise UsageError(
                f"{target} makes the {kind} '{DEFAULT}', which {file} has, too: "
                f"leave {target} out, or name the {kind} in the file otherwise"
            )


def _serve(said: argparse.Namespace) -> int:
    from pktvisor.cli.detach import detach
    from pktvisor.cli.sandbox import places_of_agent
    from pktvisor.cli.service import Work, list_modules, serve
    from pktvisor.cli.user import become_user
    from pktvisor.config.models import AgentConfig

    config = AgentConfig()
    try:
        if said.config is not None:
            from pktvisor.config.schema import load_file

            config = load_file(said.config, is_lenient=True)
        options = resolve(vars(said), config.options, os.environ)
    except PktvisorError as error:
        complain(error)
        return FAILURE_STATUS
    if options.module_list:
        return list_modules(options)
    target = _target(options.targets)
    if target is not None:
        _check_names(target, config, said.config)
    if target is None and not options.admin_api and not options.hub_policies and not config.policies:
        complain("Nothing to do: specify --admin-api or IFACE, or policies in a file by --config.")
        complain("pktvisord --help lists the options")
        return FAILURE_STATUS
    options = options.absolute()
    config_file = None if options.config is None else Path(options.config)
    work = Work(options, config, config_file, target, options.filter_expression, options.hosts or "")
    if options.user is not None:
        become_user(options.user, places_of_agent(options, config))
    if options.daemon and detach(options):
        return 0
    return serve(work)
