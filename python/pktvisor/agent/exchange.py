"""Policies exchanged for others: planned, which changes nothing and can fail; then fed, all or none of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.preparing import Surroundings, prepare, prepare_resources
from pktvisor.agent.stream import Stream
from pktvisor.agent.tap import Origin
from pktvisor.config.models import PolicyConfig
from pktvisor.errors import ConfigError, ConflictError, PktvisorError, within
from pktvisor.handlers.custom import Families, check_families
from pktvisor.policies.policy import Policy

logger = logging.getLogger(__name__)

MOST_POLICIES = 1000
"""Each is looked after for every packet."""
MOST_STREAMS = 256
"""Each has a ring of 8 MiB, and a thread."""


@dataclass(frozen=True)
class Exchange:
    """Some policies leave, others arrive, the rest stays."""

    leaving: Sequence[AgentPolicy]
    staying: Mapping[str, AgentPolicy]
    arriving: Mapping[str, AgentPolicy]
    """Those of new streams included."""
    streams: Mapping[str, Stream]
    """Those that the policies that leave have used, and those that the ones that arrive will."""


def plan_exchange(
    policies: Mapping[str, AgentPolicy],
    streams: Mapping[str, Stream],
    *,
    leaving: Sequence[AgentPolicy],
    arriving: Sequence[PolicyConfig],
    origin: Origin,
    around: Surroundings,
) -> Exchange:
    """Make the policies that arrive. Raises `ConflictError`, `NoMatchError`, `ConfigError`."""
    staying = {name: policy for name, policy in policies.items() if policy not in leaving}
    _check_policies(staying, arriving)
    known = dict(streams)
    prepared: dict[str, AgentPolicy] = {}
    for config in arriving:
        if config.name in staying or config.name in prepared:
            raise ConflictError(f"policy with name '{config.name}' already defined", path=f"policies.{config.name}")
        before = set(known)
        prepared[config.name] = prepare(config, known, origin, around)
        for name in [name for name in known if name not in before]:
            companion = prepare_resources(config, known[name], around)
            prepared[companion.name] = companion
    _check_streams([*staying.values(), *prepared.values()])
    _check_instances([*staying.values(), *prepared.values()])
    check_metric_names([*staying.values(), *prepared.values()], {})
    return Exchange(leaving, staying, prepared, known)


def _check_policies(staying: Mapping[str, AgentPolicy], arriving: Sequence[PolicyConfig]) -> None:
    """ConfigError where there would be too many, before any is made."""
    made = [policy for policy in staying.values() if policy.origin is not Origin.STREAM]
    if len(made) + len(arriving) > MOST_POLICIES:
        raise ConfigError(f"an agent has at most {MOST_POLICIES} policies: remove some first", path="policies")


def _check_streams(policies: Iterable[AgentPolicy]) -> None:
    """ConfigError where there would be too many, before any is started."""
    names = {part.stream.name for policy in policies for part in policy.parts}
    if len(names) > MOST_STREAMS:
        raise ConfigError(
            f"an agent has at most {MOST_STREAMS} inputs at work: policies share one where they want the same of a tap",
            path="policies",
        )


def _check_instances(policies: Iterable[AgentPolicy]) -> None:
    """No two handlers may have the same name."""
    owners: dict[str, str] = {}
    for policy in policies:
        for instance in policy.instances:
            if instance in owners:
                raise ConflictError(
                    f"module name '{instance}' already exists",
                    hint=f"policy '{owners[instance]}' has a handler of that name",
                    path=f"policies.{policy.name}",
                )
            owners[instance] = policy.name


def check_metric_names(policies: Iterable[AgentPolicy], owners: Families) -> None:
    """ConfigError where metrics that policies declare share a name, but not their kind; see `check_families`."""
    for policy in policies:
        with within(f"policies.{policy.name}"):
            check_families((module.instance.handler for part in policy.parts for module in part.modules), owners)


def feed(policies: Iterable[AgentPolicy]) -> None:
    """Let the streams feed policies, all or none of them. Raises `InputError`, `ConfigError`."""
    by_stream: dict[Stream, list[tuple[str, Policy]]] = {}
    for policy in policies:
        logger.info("policy [%s]: starting", policy.name)
        for part in policy.parts:
            by_stream.setdefault(part.stream, []).append((policy.name, part.policy))
    fed: list[tuple[Stream, Policy, bool]] = []
    for stream, users in by_stream.items():
        was_started = stream.is_started
        try:
            with within(f"policies.{users[0][0]}.input"):
                stream.feed([policy for _, policy in users])
        except PktvisorError as error:
            _take_back(fed)
            error.message = f"policy [{users[0][0]}] failed to start: {error.message}"
            raise
        fed += [(stream, policy, was_started) for _, policy in users]


def _take_back(fed: Sequence[tuple[Stream, Policy, bool]]) -> None:
    for stream, policy, was_started in reversed(fed):
        stream.leave(policy)
        if not was_started:
            stream.stop()
