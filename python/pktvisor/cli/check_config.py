"""--check-config FILE: say all that is wrong with a configuration of an agent or a hub, without starting anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pktvisor.agent.checking import check_agent
from pktvisor.agent.lookups import read_suffix_list
from pktvisor.cli.options import FAILURE_STATUS, complain, print_result
from pktvisor.config.daemon_options import check_options
from pktvisor.config.document import read_text
from pktvisor.config.hub_schema import read_hub
from pktvisor.config.reading import locate
from pktvisor.config.schema import read_all
from pktvisor.config.services import read_services
from pktvisor.errors import PktvisorError
from pktvisor.handlers.lookups import OPTIONS, Found

NOTHING: Mapping[str, Any] = {}
LISTS: Mapping[tuple[str, ...], Callable[[str], object]] = {
    ("suffix_list",): read_suffix_list,
    ("iana_service_port_registry", "default_service_registry"): read_services,
}
"""Options that name lists, those first that win, and what reads the list."""


def check_config(path: str, said: Mapping[str, Any] = NOTHING) -> int:
    """Check a file and give the exit status: 0 where an agent would take it that was told this on its command line."""
    try:
        config, found = read_all(read_text(path), path)
        for warning in config.warnings:
            complain(f"warning: {warning}")
        for mistake in check_options(config.options):
            found.append(mistake if config.document is None else locate(mistake, config.document))
        findings = check_agent(config, _answered(said, config.options))
        for unanswered in findings.warnings:
            complain(f"warning: {unanswered}")
        errors: list[PktvisorError] = [*found, *findings.mistakes, *_unusable_lists(said, config.options)]
    except PktvisorError as fault:
        errors = [fault]
    return _told(path, errors, lambda: f"{len(config.taps)} taps, {len(config.policies)} policies")


def check_hub_config(path: str) -> int:
    """Check the file of a hub, with those that it names, and give the exit status: 0 where a hub would take it."""
    from pktvisor.hub.desired import mistakes_of_desired  # agents do without

    try:
        config, found = read_hub(read_text(path), path)
        errors: list[PktvisorError] = [*found, *mistakes_of_desired(config.desired)]
    except PktvisorError as fault:
        errors = [fault]
    return _told(path, errors, lambda: f"{len(config.policies)} policies, {len(config.desired)} texts for agents")


def _told(path: str, errors: Sequence[PktvisorError], there_is: Callable[[], str]) -> int:
    for error in errors:
        complain(error)
    if errors:
        return FAILURE_STATUS
    print_result(f"{path}: {there_is()}: nothing is wrong\n".encode(errors="replace"))
    return 0


def _unusable_lists(*told: Mapping[str, Any]) -> Iterator[PktvisorError]:
    """Give what is wrong with the lists that the command line names, else the file."""
    for keys, read in LISTS.items():
        path = next((values[key] for key in keys for values in told if values.get(key)), None)
        try:
            if path is not None:
                read(path)
        except PktvisorError as error:
            yield error


def _answered(*told: Mapping[str, Any]) -> frozenset[Found]:
    """Tell which databases are named, by the command line or by the file."""

    def is_named(option: str) -> bool:
        key = option.removeprefix("--").replace("-", "_")
        return any(values.get(name) for values in told for name in (key, f"default_{key}"))

    return frozenset(found for found, option in OPTIONS.items() if is_named(option))
