"""Policies changed one at a time, as in an editor: what runs as texts, what is wrong with one, what it would end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from pktvisor import clock
from pktvisor.agent.changes import difference
from pktvisor.agent.checking import check_agent
from pktvisor.agent.desired import digest_of, others_of
from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.preparing import Surroundings
from pktvisor.agent.stream import Stream
from pktvisor.agent.swap import Swap, plan_swap
from pktvisor.agent.tap import Origin, Tap, make_tap, tap_exists
from pktvisor.api.catalogue import Changes
from pktvisor.api.configuring import (
    Checked,
    DroppedWindows,
    InputFate,
    RunningConfiguration,
    ShownFault,
    ShownFix,
    ShownText,
)
from pktvisor.api.keys import Document, document_of
from pktvisor.config.document import Document as ConfigDocument
from pktvisor.config.document import mark_of
from pktvisor.config.excerpts import Excerpt, excerpts_of, text_of
from pktvisor.config.fixes import Fix, fix_of
from pktvisor.config.models import AgentConfig, PolicyConfig, TapConfig
from pktvisor.config.reading import locate
from pktvisor.config.schema import load_config, read_all
from pktvisor.errors import ConfigError, ConflictError, within

Excerpts = Mapping[str, Excerpt]
"""Where taps and policies stand in the texts that they came from, by their paths."""

MOST_CHARACTERS = 8 << 20
"""Of all these texts together; what came last is told in our words where they have more."""


def shown_configuration(
    taps: Mapping[str, Tap], policies: Mapping[str, AgentPolicy], excerpts: Excerpts, *, has_file: bool
) -> RunningConfiguration:
    """Tell what runs, as texts."""
    return RunningConfiguration(
        has_file,
        {name: document_of(_shown_policy(one, excerpts.get(f"policies.{name}"))) for name, one in policies.items()},
        {name: document_of(_shown(one.config, one.origin, excerpts.get(f"taps.{name}"))) for name, one in taps.items()},
    )


def _shown_policy(policy: AgentPolicy, excerpt: Excerpt | None) -> ShownText:
    if policy.basis is None:
        return ShownText(policy.origin.value, since=policy.since)
    config = policy.basis.config
    return replace(_shown(config, policy.origin, excerpt), digest=digest_of(config), since=policy.since)


def _shown(config: TapConfig | PolicyConfig, origin: Origin, excerpt: Excerpt | None) -> ShownText:
    is_of_file = origin is Origin.CONFIGURATION and excerpt is not None and bool(excerpt.source)
    file = PurePath(excerpt.source).name if excerpt is not None and is_of_file else None
    return ShownText(origin.value, text_of(config, excerpt), file)


def checked(text: str, running: Surroundings) -> Checked:
    """Tell everything that is wrong with a text whose taps and policies join those that run."""
    config, errors = read_all(text)
    findings = check_agent(config, running.databases.answered, running)
    faults = [_fault(error, text) for error in [*errors, *findings.mistakes]]
    mended = [fault.fix for fault in faults if fault.fix is not None]
    warned = [*map(_warned, config.warnings), *findings.warnings]
    warnings = [fault for fault in (_fault(one, text) for one in warned) if fault.fix not in mended]
    return Checked([document_of(one) for one in faults], [document_of(one) for one in warnings])


def _warned(warning: str) -> ConfigError:
    """Give a warning with its place and its path apart, which it begins with."""
    place, path, message = warning.split(": ", 2)
    return ConfigError(message, path=path, place=place)


def _fault(error: ConfigError, text: str) -> ShownFault:
    mark = mark_of(error.place)
    fix = fix_of(error, text)
    return ShownFault(
        error.message,
        error.hint or None,
        error.path or None,
        None if mark is None else mark.line,
        None if mark is None else mark.column,
        None if fix is None else _shown_fix(fix),
    )


def _shown_fix(fix: Fix) -> ShownFix:
    return ShownFix(fix.mark.line, fix.mark.column, fix.length, fix.text)


def noted(
    known: Excerpts, document: ConfigDocument, taps: Mapping[str, Tap], policies: Mapping[str, AgentPolicy]
) -> Excerpts:
    """Give the excerpts of what there is, those of a text that was taken included, as far as there is room for them."""
    names = {*(f"taps.{name}" for name in taps), *(f"policies.{name}" for name in policies)}
    before = {path: one for path, one in known.items() if path in names}
    after = before | {path: one for path, one in excerpts_of(document).items() if path in names}
    characters = sum({id(one.text): len(one.text) for one in after.values()}.values())
    return after if characters <= MOST_CHARACTERS else before


@dataclass(frozen=True)
class Edit:
    """A policy added or changed by itself, planned."""

    changes: Changes
    swap: Swap
    taps: Mapping[str, Tap]


def read_edited(text: str) -> AgentConfig:
    """Read a text with one policy, and the taps that come with it. Raises `ConfigError`."""
    config = load_config(text)
    for section, told in others_of(config).items():
        if told:
            raise _located(ConfigError("a policy is edited with its taps, and nothing else", path=section), config)
    if len(config.policies) != 1:
        message = f"only a single policy expected but got {len(config.policies)}"
        raise _located(ConfigError(message, path="policies"), config)
    return config


def _located(error: ConfigError, config: AgentConfig) -> ConfigError:
    return error if config.document is None else locate(error, config.document)


def plan_edit(
    config: AgentConfig,
    base: str | None,
    policies: Mapping[str, AgentPolicy],
    streams: Mapping[str, Stream],
    running: Surroundings,
) -> Edit:
    """Plan the one policy of a text; all others stay as they are. Raises `ConfigError`, `ConflictError`.

    `base` is as in `check_editable`. A policy that is changed keeps its origin: reading its file again sets it back.
    """
    [wanted] = config.policies
    there = policies.get(wanted.name)
    check_editable(wanted.name, there, base)
    around = replace(running, taps=taps_joined(config, running.taps))
    changes = _changes_of_one(policies, running.taps, wanted, around)
    is_same = wanted.name in changes.policies.unchanged
    swap = plan_swap(
        policies,
        streams,
        leaving=[] if there is None or is_same else [there],
        arriving=[] if is_same else [wanted],
        origin=Origin.API if there is None else there.origin,
        around=around,
    )
    return Edit(with_details(changes, swap, streams), swap, around.taps)


def check_editable(name: str, running: AgentPolicy | None, base: str | None) -> None:
    """`ConflictError` for a policy that is not ours to change, or that is no longer what it was when it was read.

    `base` is the digest of what was read, empty where there was none, and None where that does not matter.
    """
    path = f"policies.{name}"
    if running is not None and running.origin is Origin.HUB:
        raise ConflictError(f"policy '{name}' comes from the hub: change it there", path=path)
    if running is not None and running.basis is None:
        raise ConflictError(f"policy '{name}' comes and goes with its input: choose another name", path=path)
    found = "" if running is None or running.basis is None else digest_of(running.basis.config)
    if base not in (None, found):
        became = "has been changed" if base and found else "has been removed" if base else "has been added"
        raise ConflictError(f"policy '{name}' {became} meanwhile", hint="read it again before", path=path)


def taps_joined(config: AgentConfig, taps: Mapping[str, Tap]) -> Mapping[str, Tap]:
    """Give the taps that there are with the new ones of a text. `ConflictError` where one is to be another."""
    new = {tap.name: make_tap(tap, Origin.API) for tap in config.taps if tap.name not in taps}
    for tap in config.taps:
        if tap.name in taps and taps[tap.name].config != tap:
            raise tap_exists(tap.name)
    return {**taps, **new}


def _changes_of_one(
    policies: Mapping[str, AgentPolicy],
    taps: Mapping[str, Tap],
    wanted: PolicyConfig,
    around: Surroundings,
) -> Changes:
    """Compare what there is with what there is with one policy more, or another one of its name."""
    bases = {name: one.basis for name, one in policies.items() if one.basis is not None}
    with within(f"policies.{wanted.name}"):
        basis = around.basis(wanted)
    before = {name: tap.config for name, tap in taps.items()}
    after = {name: tap.config for name, tap in around.taps.items()}
    return Changes(difference(before, after), difference(bases, {**bases, wanted.name: basis}))


def with_details(changes: Changes, swap: Swap, streams: Mapping[str, Stream]) -> Changes:
    """Tell of changes which windows are dropped, and what becomes of inputs."""
    dropped = {one.name: document_of(_dropped(one)) for one in swap.leaving}
    return replace(changes, dropped=dropped, inputs=_inputs(swap, streams))


def _inputs(swap: Swap, streams: Mapping[str, Stream]) -> dict[str, Document]:
    before, after = _used(streams.values()), _used_by([*swap.staying.values(), *swap.arriving.values()])
    fates = {
        name: "closed" if name not in after else "unchanged" if name in before else "opened"
        for name in {**before, **after}
    }
    return {name: document_of(InputFate({**before, **after}[name], fate)) for name, fate in fates.items()}


def _used(streams: Iterable[Stream]) -> dict[str, str]:
    return {stream.name: stream.tap for stream in streams}


def _used_by(policies: Iterable[AgentPolicy]) -> dict[str, str]:
    """Give the streams of policies with their taps; those that only the policies they bring along use are let go."""
    users = (policy for policy in policies if policy.origin is not Origin.STREAM)
    return _used(part.stream for policy in users for part in policy.parts)


def _dropped(policy: AgentPolicy) -> DroppedWindows:
    now_ns = clock.now_ns()
    numbers = [part.policy.core.available() for part in policy.parts]
    spans = [part.policy.span_s(now_ns) for part in policy.parts]
    return DroppedWindows(max(numbers, default=0), max(spans, default=0))
