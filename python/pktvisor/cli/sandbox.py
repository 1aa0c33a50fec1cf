"""What agent and hub give up once they run: files that they need not write, capabilities, system calls.

A fault in what reads hostile packets or requests then has little to work with. Reading files stays allowed: the
configuration, databases and capture files may lie anywhere.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pktvisor import _core
from pktvisor.config.daemon_options import DaemonOptions
from pktvisor.config.hub_options import HubOptions
from pktvisor.config.models import AgentConfig, Settings
from pktvisor.config.server_options import ServerOptions
from pktvisor.errors import InputError, PktvisorError
from pktvisor.inputs import inputs
from pktvisor.inputs.faults import translated
from pktvisor.server.listen import LOWEST_FREE_PORT
from pktvisor.server.settings import UNIX_PREFIX

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Places:
    """The directories that a process writes in."""

    own: tuple[Path, ...]
    """All in them is ours."""
    shared: tuple[Path, ...]
    """Others may have files there, too."""


def give_up_files(options: DaemonOptions, config: AgentConfig | None) -> None:
    """Let this thread, and those it starts, write only where options and taps say that they write (Landlock)."""
    _restrict_files(options, places_of_agent(options, config))


def places_of_agent(options: DaemonOptions, config: AgentConfig | None) -> Places:
    """Give where an agent writes."""
    spool = None if options.hub is None else options.hub_spool
    own = tuple(Path(path) for path in (options.state_dir, spool) if path is not None)
    return Places(own, (*_of_server(options), *(Path(path).absolute().parent for path in _paths_of_inputs(config))))


def places_of_hub(options: HubOptions, lake: Path | None = None) -> Places:
    """Give where a hub writes, that is also in its lake where this is a directory."""
    return Places((options.directory,) if lake is None else (options.directory, lake), tuple(_of_server(options)))


def give_up_rights_of_hub(options: HubOptions, lake: Path | None = None) -> None:
    """Let this thread, and those it starts, write only below the hub's directory and its lake's, without capabilities,
    and the process use only the system calls that it needs.

    The directories are there. Raises `InputError` where one can't be written to then.
    """
    places = places_of_hub(options, lake)
    _restrict_files(options, places)
    _keep_capabilities(options, [])
    for directory in places.own:
        if not os.access(directory, os.W_OK, effective_ids=True):
            raise InputError(
                f"{directory} belongs to another user: run as that user, or keep the right to write "
                "there by --no-sandbox"
            )
    _restrict_system_calls(options, may_capture=False)


def _of_server(options: ServerOptions) -> Iterator[Path]:
    if options.log_file is not None:
        yield Path(options.log_file).absolute().parent
    if options.host.startswith(UNIX_PREFIX):
        yield Path(options.host.removeprefix(UNIX_PREFIX)).absolute().parent


def _restrict_files(options: ServerOptions, places: Places) -> None:
    if options.no_sandbox:
        return
    try:
        with translated():
            has_landlock = _core.restrict_filesystem(
                read=["/"], write=["/dev/null", *map(str, (*places.own, *places.shared))]
            )
    except PktvisorError as error:
        logger.warning("sandbox: the whole file system stays writable: %s", error)
        return
    if not has_landlock:
        logger.info("sandbox: this kernel has no Landlock; the whole file system stays writable")


def _paths_of_inputs(config: AgentConfig | None) -> Iterator[str]:
    """Give the files that the inputs of a configuration make."""
    if config is None:
        return
    for tap in config.taps:
        yield from _written(tap.input_type, tap.config)
    for policy in config.policies:
        yield from _written(policy.input.input_type, policy.input.config)


def _written(input_type: str, config: Settings) -> Sequence[str]:
    return inputs()[input_type].written_paths(config) if input_type in inputs() else ()


def give_up_rights_of_agent(options: DaemonOptions, *, may_capture_again: bool) -> None:
    """Let this thread, and those it starts, keep only the capabilities that are needed from now on, and the process the
    system calls.
    """
    _keep_capabilities(options, ["net_raw"] if may_capture_again else [])
    _restrict_system_calls(options, may_capture=may_capture_again)


def _keep_capabilities(options: ServerOptions, keep: Sequence[str]) -> None:
    if options.no_sandbox and options.user is None:
        return
    serving = ["net_bind_service"] if 0 < options.port < LOWEST_FREE_PORT else []
    try:
        with translated():
            _core.drop_capabilities([*keep, *serving])
    except PktvisorError as error:
        logger.warning("sandbox: all capabilities are kept: %s", error)


def _restrict_system_calls(options: ServerOptions, *, may_capture: bool) -> None:
    if options.no_sandbox:
        return
    try:
        with translated():
            has_filters = _core.restrict_system_calls(may_capture)
    except PktvisorError as error:
        logger.warning("sandbox: all system calls stay allowed: %s", error)
        return
    if not has_filters:
        logger.info("sandbox: this kernel has no filter for system calls; all of them stay allowed")
