"""pktvisord --check-config FILE: say all that is wrong with a configuration, without starting anything."""

from __future__ import annotations

from pktvisor.agent.checking import check_agent
from pktvisor.cli.options import FAILURE_STATUS, complain, print_result
from pktvisor.config.document import read_text
from pktvisor.config.schema import check, load_config
from pktvisor.errors import PktvisorError


def check_config(path: str) -> int:
    """Check a file and give the exit status: 0 where the agent would take it."""
    try:
        text = read_text(path)
        errors: list[PktvisorError] = [*check(text, path)]
        if not errors:
            config = load_config(text, source=path)
            for warning in config.warnings:
                complain(f"warning: {warning}")
            errors += check_agent(config)
    except PktvisorError as fault:
        errors = [fault]
    for error in errors:
        complain(error)
    if errors:
        return FAILURE_STATUS
    told = f"{path}: {len(config.taps)} taps, {len(config.policies)} policies: nothing is wrong\n"
    print_result(told.encode(errors="replace"))
    return 0
