"""What agent and hub give up once they run: files that they need not write, programs to start, capabilities.

A fault in what reads hostile packets or requests then has little to work with. Reading files stays allowed: the
configuration, databases and capture files may lie anywhere.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
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


def give_up_files(options: DaemonOptions, config: AgentConfig | None) -> None:
    """Let this thread, and those it starts, write only where options and taps say that they write (Landlock)."""
    written = [Path(path).absolute().parent for path in _paths_of_inputs(config)]
    if options.state_dir is not None:
        written.append(Path(options.state_dir))
    if options.hub is not None and options.hub_spool is not None:
        written.append(Path(options.hub_spool))
    _restrict_files(options, written)


def give_up_rights_of_hub(options: HubOptions, besides: Sequence[Path] = ()) -> None:
    """Let this thread, and those it starts, write only below the hub's directory and others, without capabilities.

    The directories are there. Raises `InputError` where one can't be written to then.
    """
    written = [options.directory, *besides]
    _restrict_files(options, written)
    _keep_capabilities(options, [])
    for directory in written:
        if not os.access(directory, os.W_OK, effective_ids=True):
            raise InputError(
                f"{directory} belongs to another user: run as that user, or keep the right to write "
                "there by --no-sandbox"
            )


def _restrict_files(options: ServerOptions, written: Sequence[Path]) -> None:
    if options.no_sandbox:
        return
    always = [Path("/dev/null")]
    if options.log_file is not None:
        always.append(Path(options.log_file).absolute().parent)
    if options.host.startswith(UNIX_PREFIX):
        always.append(Path(options.host.removeprefix(UNIX_PREFIX)).absolute().parent)
    try:
        with translated():
            has_landlock = _core.restrict_filesystem(read=["/"], write=[str(path) for path in (*always, *written)])
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


def give_up_capabilities(options: DaemonOptions, *, may_capture_again: bool) -> None:
    """Let this thread, and those it starts, keep only the capabilities that are needed from now on."""
    _keep_capabilities(options, ["net_raw"] if may_capture_again else [])


def _keep_capabilities(options: ServerOptions, keep: Sequence[str]) -> None:
    if options.no_sandbox:
        return
    serving = ["net_bind_service"] if 0 < options.port < LOWEST_FREE_PORT else []
    try:
        with translated():
            _core.drop_capabilities([*keep, *serving])
    except PktvisorError as error:
        logger.warning("sandbox: all capabilities are kept: %s", error)
