"""pktvisord --check-config FILE: say all that is wrong with a configuration, without starting anything."""

from __future__ import annotations

from pktvisor.agent.checking import check_agent
from pktvisor.cli.options import FAILURE_STATUS, complain, print_result
from pktvisor.config.daemon_options import check_options
from pktvisor.config.document import read_text
from pktvisor.config.reading import locate
from pktvisor.config.schema import read_all
from pktvisor.errors import PktvisorError


def check_config(path: str) -> int:
    """Check a file and give the exit status: 0 where the agent would take it."""
    try:
        config, found = read_all(read_text(path), path)
        for warning in config.warnings:
            complain(f"warning: {warning}")
        for mistake in check_options(config.options):
            found.append(mistake if config.document is None else locate(mistake, config.document))
        errors: list[PktvisorError] = [*found, *check_agent(config)]
    except PktvisorError as fault:
        errors = [fault]
    for error in errors:
        complain(error)
    if errors:
        return FAILURE_STATUS
    told = f"{path}: {len(config.taps)} taps, {len(config.policies)} policies: nothing is wrong\n"
    print_result(told.encode(errors="replace"))
    return 0
