"""Policies swapped for others: planned, which changes nothing and can fail; then fed, all or none of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pktvisor.agent.memory import check_room
from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.preparing import Surroundings, prepare, prepare_resources
from pktvisor.agent.stream import Stream
from pktvisor.agent.tap import Origin
from pktvisor.config.models import PolicyConfig
from pktvisor.errors import ConfigError, ConflictError, PktvisorError, failed_to_start, within
from pktvisor.handlers.families import Families, check_families
from pktvisor.policies.policy import Policy

logger = logging.getLogger(__name__)

MOST_POLICIES = 1000
"""Each is looked after for every packet."""
MOST_STREAMS = 256
"""Each has a ring of 8 MiB, and a thread."""


@dataclass(frozen=True)
class Swap:
    """Some policies leave, others arrive, the rest stays."""

    leaving: Sequence[AgentPolicy]
    staying: Mapping[str, AgentPolicy]
    arriving: Mapping[str, AgentPolicy]
    """Those of new streams included."""
    streams: Mapping[str, Stream]
    """Those that the policies that leave have used, and those that the ones that arrive will."""


def plan_swap(
    policies: Mapping[str, AgentPolicy],
    streams: Mapping[str, Stream],
    *,
    leaving: Sequence[AgentPolicy],
    arriving: Sequence[PolicyConfig],
    origin: Origin,
    around: Surroundings,
) -> Swap:
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
    _check_memory(prepared.values(), leaving)
    return Swap(leaving, staying, prepared, known)


def _check_policies(staying: Mapping[str, AgentPolicy], arriving: Sequence[PolicyConfig]) -> None:
    """ConfigError where there would be too many, before any is made."""
    _check_number(staying.values(), len(arriving))


def _check_number(policies: Iterable[AgentPolicy], more: int = 0) -> None:
    made = [policy for policy in policies if policy.origin is not Origin.STREAM]
    if len(made) + more > MOST_POLICIES:
        raise ConfigError(f"an agent has at most {MOST_POLICIES} policies: remove some first", path="policies")


def _check_streams(policies: Iterable[AgentPolicy]) -> None:
    """ConfigError where there would be too many, before any is started."""
    names = {part.stream.name for policy in policies for part in policy.parts}
    if len(names) > MOST_STREAMS:
        raise ConfigError(
            f"an agent runs at most {MOST_STREAMS} inputs; policies with the same settings for a tap share one",
            path="policies",
        )


def _check_memory(arriving: Iterable[AgentPolicy], leaving: Iterable[AgentPolicy]) -> None:
    """ConfigError where there is no room in the memory budget for what arrives."""
    cores = [[part.policy.core for policy in policies for part in policy.parts] for policies in (arriving, leaving)]
    check_room(*cores)


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


def rebased(swap: Swap, policies: Mapping[str, AgentPolicy], streams: Mapping[str, Stream]) -> Swap | None:
    """Give a swap as it is for what there is now; None where other changes meanwhile make it another one.

    Raises what `plan_swap` does where there are too many, or names are taken, by now.
    """
    if any(policies.get(policy.name) is not policy for policy in swap.leaving):
        return None
    staying = {name: policy for name, policy in policies.items() if policy not in swap.leaving}
    used = {part.stream for policy in swap.arriving.values() for part in policy.parts}
    if any(not _is_free(stream, streams) for stream in used) or staying.keys() & swap.arriving.keys():
        return None
    together = [*staying.values(), *swap.arriving.values()]
    _check_number(together)
    _check_streams(together)
    _check_instances(together)
    check_metric_names(together, {})
    _check_memory(swap.arriving.values(), swap.leaving)
    return replace(swap, staying=staying, streams={**streams, **{stream.name: stream for stream in used}})


def _is_free(stream: Stream, streams: Mapping[str, Stream]) -> bool:
    """Whether a stream is at work as it was, or nobody else has made one of its name."""
    if stream.name in streams:
        return streams[stream.name] is stream
    return not stream.is_started


def prepare_streams(policies: Iterable[AgentPolicy]) -> None:
    """Try what may take long of the streams that are to start. Raises `InputError`, `ConfigError`."""
    for stream, users in _by_stream(policies).items():
        with _failing(users):
            stream.prepare()


def feed(policies: Sequence[AgentPolicy]) -> None:
    """Let the streams feed policies, all or none of them. Raises `InputError`, `ConfigError`."""
    for policy in policies:
        logger.info("policy [%s]: starting", policy.name)
    fed: list[tuple[Stream, Policy, bool]] = []
    for stream, users in _by_stream(policies).items():
        was_started = stream.is_started
        try:
            with _failing(users):
                stream.feed([policy for _, policy in users])
        except PktvisorError:
            _take_back(fed)
            raise
        fed += [(stream, policy, was_started) for _, policy in users]


Users = list[tuple[str, Policy]]
"""Policies with the names that people know them by."""


def _by_stream(policies: Iterable[AgentPolicy]) -> dict[Stream, Users]:
    by_stream: dict[Stream, Users] = {}
    for policy in policies:
        for part in policy.parts:
            by_stream.setdefault(part.stream, []).append((policy.name, part.policy))
    return by_stream


@contextmanager
def _failing(users: Users) -> Iterator[None]:
    """Say in errors whose stream it is."""
    name, _ = users[0]
    try:
        with within(f"policies.{name}.input"):
            yield
    except PktvisorError as error:
        error.message = f"{failed_to_start(name)}{error.message}"
        raise


def _take_back(fed: Sequence[tuple[Stream, Policy, bool]]) -> None:
    for stream, policy, was_started in reversed(fed):
        stream.leave(policy)
        if not was_started:
            stream.stop()
