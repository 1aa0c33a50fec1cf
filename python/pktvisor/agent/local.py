"""The agent of this process: its taps, its streams and its policies, and every change of them, whole or not at all."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pktvisor import _core, clock
from pktvisor.agent.at_work import AtWork, Planned
from pktvisor.agent.changes import difference, sentence
from pktvisor.agent.dashboards import by_name, mistakes_of_dashboards, unknown_policies
from pktvisor.agent.editing import Excerpts, checked, noted, plan_edit, read_edited, shown_configuration, with_details
from pktvisor.agent.happenings import Happenings
from pktvisor.agent.marks import MarkRing
from pktvisor.agent.memory import MemoryWatch, memory_held
from pktvisor.agent.origins import arriving, compare, leaving, left_for, taps_with
from pktvisor.agent.policy import AgentPolicy
from pktvisor.agent.preparing import Surroundings
from pktvisor.agent.running import OwnMetric
from pktvisor.agent.saving import StateDirectory
from pktvisor.agent.stream import Stream
from pktvisor.agent.swap import Swap, plan_swap
from pktvisor.agent.tap import Origin, Tap, check_number, make_tap, tap_exists
from pktvisor.agent.ticks import tick_of
from pktvisor.agent.watching import Watch
from pktvisor.api import documents
from pktvisor.api.catalogue import Changes
from pktvisor.api.documents import Memory
from pktvisor.api.events import Tick
from pktvisor.api.keys import document_of
from pktvisor.config.document import read_document
from pktvisor.config.models import AgentConfig, DashboardConfig, PolicyConfig, Settings, TapConfig
from pktvisor.config.reading import locate
from pktvisor.config.schema import load_config, load_file, load_one_policy, load_one_tap
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError, NotFoundError
from pktvisor.handlers import handlers
from pktvisor.inputs.base import Defaults
from pktvisor.outputs.json import Document
from pktvisor.policies.instances import WindowDefaults
from pktvisor.policies.policy import Databases

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentSettings:
    """What the options say of all policies and inputs."""

    windows: WindowDefaults = field(default_factory=WindowDefaults)
    inputs: Defaults = field(default_factory=Defaults)
    databases: Databases = field(default_factory=Databases)
    config_file: Path | None = None
    state_directory: Path | None = None


class LocalAgent:
    """The running process. Nothing runs before a policy is added.

    Readers see what was before a change or what is after it: the mappings are replaced, never changed. Changes are
    carried out one at a time. What takes long about them is done outside the lock: they are planned before, and planned
    anew where another change came between; inputs are waited for afterwards.
    """

    version = _core.__version__
    is_hub = False

    def __init__(self, settings: AgentSettings) -> None:
        self.started = clock.now()
        self.is_stopping = threading.Event()
        """Set when somebody has asked the process to end."""
        self._settings = settings
        self._taps: Mapping[str, Tap] = {}
        self._global_settings: Mapping[str, Settings] = {}
        self._dashboards: Mapping[str, DashboardConfig] = {}
        self._excerpts: Excerpts = {}
        """Where taps and policies stand in the texts that they came from."""
        state = None if settings.state_directory is None else StateDirectory(settings.state_directory, self.started)
        self.marks = MarkRing(self.started)
        self.marks.add(self.started, "started", "", f"pktvisor {self.version} started")
        self._happenings = Happenings(self.marks)
        self._watch = Watch()
        self._memory_watch = MemoryWatch()
        self._at_work = AtWork(settings.databases, state, self.marks)

    @property
    def is_ready(self) -> bool:
        """Whether all inputs are at work, those that have read their recording to its end included."""
        return not self.is_stopping.is_set() and all(stream.fault is None for stream in self.inputs.values())

    @property
    def memory(self) -> Memory:
        """What the process holds, and what gave way to its budget."""
        return memory_held()

    def tick(self, now: float) -> Tick:
        """Tell what is newest."""
        return tick_of(self.policies, self.inputs, now=now, started=self.started, mark=self.marks.newest)

    def own_metrics(self) -> tuple[OwnMetric, ...]:
        """Nothing: its policies and its process tell everything."""
        return ()

    @property
    def policies(self) -> Mapping[str, AgentPolicy]:
        """The policies at work, those that streams bring along included."""
        return self._at_work.policies

    @property
    def taps(self) -> Mapping[str, Tap]:
        """The taps."""
        return self._taps

    @property
    def inputs(self) -> Mapping[str, Stream]:
        """The streams at work."""
        return self._at_work.streams

    @property
    def dashboards(self) -> Mapping[str, DashboardConfig]:
        """The dashboards that the configuration lists."""
        return self._dashboards

    def add_tap(self, text: str) -> Document:
        """Define the one tap of a text."""
        config = load_one_tap(text)
        if config is None:
            return {}
        with _located(text):
            tap = self.define(config, Origin.API)
        self._note_excerpts(text)
        return {tap.name: tap.describe()}

    def define(self, config: TapConfig, origin: Origin) -> Tap:
        """Define a tap. Raises `ConflictError` where there is one of its name, `ConfigError`."""
        with self._at_work.changing:
            if config.name in self._taps:
                raise tap_exists(config.name)
            taps = {**self._taps, config.name: make_tap(config, origin)}
            check_number(taps)
            self._taps = taps
        logger.info("tap [%s]: loaded, type %s", config.name, config.input_type)
        return taps[config.name]

    def remove_tap(self, name: str) -> None:
        """Forget a tap; streams that were made from it go on."""
        with self._at_work.changing:
            if name not in self._taps:
                raise NotFoundError("tap does not exists")
            self._taps = {known: tap for known, tap in self._taps.items() if known != name}

    def add_policy(self, text: str) -> Document:
        """Start the one policy of a text."""
        config = load_one_policy(text)
        if config is None:
            return {}
        with _located(text):
            policy = self.start(config, Origin.API)
        self._note_excerpts(text)
        return {policy.name: policy.describe()}

    def start(self, config: PolicyConfig, origin: Origin) -> AgentPolicy:
        """Start a policy. Raises `ConflictError`, `NoMatchError`, `ConfigError`, `InputError`."""

        def plan() -> Planned:
            taps = self._taps
            swap = self._plan_one(leaving=(), arriving=[config], origin=origin)
            return Planned(swap, lambda: self._has_taps(swap, taps))

        swap = self._at_work.change(plan, origin)
        return swap.arriving[config.name]

    def remove_policy(self, name: str) -> None:
        """Stop a policy, and its streams where nobody else uses them."""

        def plan() -> Planned:
            if name not in self.policies:
                raise NotFoundError("policy does not exists")
            leaving = [self.policies[name]]
            return Planned(self._plan_one(leaving=leaving, arriving=(), origin=Origin.API), lambda: True)

        self._at_work.change(plan, Origin.API)

    def _has_taps(self, swap: Swap, taps: Mapping[str, Tap]) -> bool:
        """Tell whether the taps of policies that arrive are still those that they were planned with."""
        names = {part.stream.tap for policy in swap.arriving.values() for part in policy.parts}
        return all(self._taps.get(name) is taps.get(name) for name in names)

    def _plan_one(self, *, leaving: Sequence[AgentPolicy], arriving: Sequence[PolicyConfig], origin: Origin) -> Swap:
        around = self._surroundings()
        return plan_swap(self.policies, self.inputs, leaving=leaving, arriving=arriving, origin=origin, around=around)

    def configuration(self) -> Document:
        """Tell what runs, as texts."""
        has_file = self._settings.config_file is not None
        return document_of(shown_configuration(self._taps, self.policies, self._excerpts, has_file=has_file))

    def find_faults(self, text: str) -> Document:
        """Tell everything that is wrong with a text whose taps and policies are to join those that run."""
        return document_of(checked(text, self._surroundings()))

    def apply_policy(self, text: str, *, base: str | None, is_dry_run: bool) -> Document:
        """Add the one policy of a text, or put it in the place of the one of its name."""
        config = read_edited(text)
        told: list[Changes] = []

        def plan() -> Planned:
            before = self._state_of_things()
            edit = plan_edit(config, base, self.policies, self.inputs, self._surroundings())
            told.append(edit.changes)
            return Planned(
                edit.swap, lambda: before == self._state_of_things(), finish=lambda: self._join_taps(edit.taps)
            )

        with _located(text):
            if is_dry_run:
                plan()
            else:
                self._at_work.change(plan, Origin.API)
                self._note_excerpts(text)
                logger.info("%s: %s", Origin.API.value, sentence(told[-1]))
        return document_of(told[-1])

    def _state_of_things(self) -> tuple[object, ...]:
        """Give what changes are planned for: it is the same until something has changed."""
        return self._taps, self._global_settings, self.policies

    def _join_taps(self, taps: Mapping[str, Tap]) -> None:
        self._taps = taps

    def _note_excerpts(self, text: str, source: str = "") -> None:
        """Keep what taps and policies say in their own words."""
        with self._at_work.changing:
            self._excerpts = noted(self._excerpts, read_document(text, source), self._taps, self.policies)

    def apply(self, text: str | None, *, is_dry_run: bool, is_detailed: bool = False) -> Document:
        """Make taps and policies those of a configuration; without a text, of the file, which is read again."""
        if text is not None:
            config = load_config(text, source="")
        elif self._settings.config_file is not None:
            config = load_file(str(self._settings.config_file))
        else:
            raise NotFoundError("there is no file to reload: the agent was started without --config")
        changes = self.take_over(config, is_dry_run=is_dry_run)
        return document_of(changes if is_detailed else replace(changes, dropped=None, inputs=None))

    def take_over(
        self, config: AgentConfig, *, is_dry_run: bool = False, origin: Origin = Origin.CONFIGURATION
    ) -> Changes:
        """Make the taps and policies of a configuration those of its origin; what does not change goes on.

        Taps and policies of other origins are left alone: of a name that one of these has, what comes from the hub is
        left out, and gives way. Raises `ConfigError`, `InputError`, having changed nothing.
        """
        try:
            return self._take_over(config, is_dry_run=is_dry_run, origin=origin)
        except ConfigError as error:
            if config.document is not None:
                locate(error, config.document)
            raise

    def _take_over(self, config: AgentConfig, *, is_dry_run: bool, origin: Origin) -> Changes:
        for warning in config.warnings:
            logger.warning("%s", warning)
        _tell_unknown_types(config.global_handlers)
        for mistake in mistakes_of_dashboards(config):
            raise mistake
        for one in unknown_policies(config):
            logger.warning("%s", one if config.document is None else locate(one, config.document))
        if is_dry_run:
            changes, _ = self._plan_configuration(config, origin)
            return changes
        told: list[Changes] = []

        def plan() -> Planned:
            before = self._state_of_things()
            changes, swap = self._plan_configuration(config, origin)
            told.append(changes)
            return Planned(
                swap,
                holds=lambda: before == self._state_of_things(),
                finish=lambda: self._take_settings(config, origin),
            )

        self._at_work.change(plan, origin)
        if origin is Origin.CONFIGURATION:
            self.marks.add(clock.now(), "configuration_read", "", f"configuration read: {sentence(told[-1])}")
        if config.document is not None:
            self._note_excerpts(config.document.text, config.document.source)
        if origin is not Origin.HUB or told[-1].are_any:  # the hub is asked again and again
            logger.info("%s: %s", origin.value, sentence(told[-1]))
        return told[-1]

    def taken_names(self, config: AgentConfig) -> list[str]:
        """Give the taps and policies of a hub's configuration that this agent has ones of its own of."""
        free = left_for(config, Origin.HUB, self._taps, self.policies)
        names = [tap.name for tap in config.taps if tap not in free.taps]
        return names + [policy.name for policy in config.policies if policy not in free.policies]

    def _plan_configuration(self, whole: AgentConfig, origin: Origin) -> tuple[Changes, Swap]:
        """Say what a configuration changes, and how."""
        config = left_for(whole, origin, self._taps, self.policies)
        settings = config.global_handlers if origin is Origin.CONFIGURATION else self._global_settings
        around = self._surroundings(taps_with(config, origin, self._taps), settings)
        changes = compare(config, origin, self._taps, self.policies, around)
        if origin is Origin.CONFIGURATION and (self._dashboards or whole.dashboards):
            changes = replace(changes, dashboards=difference(self._dashboards, by_name(whole.dashboards)))
        swap = plan_swap(
            self.policies,
            self.inputs,
            leaving=leaving(changes.policies, self.policies),
            arriving=arriving(changes.policies, config),
            origin=origin,
            around=around,
        )
        return with_details(changes, swap, self.inputs), swap

    def _take_settings(self, whole: AgentConfig, origin: Origin) -> None:
        self._taps = taps_with(left_for(whole, origin, self._taps, self.policies), origin, self._taps)
        if origin is Origin.CONFIGURATION:
            self._global_settings = whole.global_handlers
            self._dashboards = by_name(whole.dashboards)

    def _surroundings(
        self, taps: Mapping[str, Tap] | None = None, global_settings: Mapping[str, Settings] | None = None
    ) -> Surroundings:
        return Surroundings(
            taps=self._taps if taps is None else taps,
            global_settings=self._global_settings if global_settings is None else global_settings,
            windows=self._settings.windows,
            inputs=self._settings.inputs,
            databases=self._at_work.databases,
            tell_taps=self._tell_taps,
        )

    def _tell_taps(self, policy: AgentPolicy) -> Iterable[documents.ShownTap]:
        """Tell of a policy's taps, as far as they are still there."""
        names = dict.fromkeys(part.stream.tap for part in policy.parts)
        return [self._taps[name].told() for name in names if name in self._taps]

    def check(self) -> Sequence[str]:
        """Tell of streams that have ended though nobody stopped them, one sentence each; log each once."""
        self._happenings.look(self.inputs, clock.now(), clock.monotonic())
        return self._watch.look(self.inputs, clock.monotonic())

    def resume(self, now_s: float) -> None:
        """Start streams again that have ended by themselves; `now_s` is of a clock that nobody sets.

        While a change is carried out nothing is done: the next call will do. What gave way is logged, and windows that
        have closed join the totals of groups.
        """
        if gave_way := self._memory_watch.look(now_s):
            self.marks.add(clock.now(), "memory_gave_way", "", gave_way)
        for policy in self.policies.values():
            policy.sum_groups()
        self._at_work.resume(now_s)

    def look_up_in(self, databases: Databases) -> None:
        """Put other databases in the place of those that policies, present and future, look things up in."""
        self._at_work.look_up_in(databases)

    def save(self, *, is_last: bool = False) -> None:
        """Keep the windows for the next process, where there is a place for them; not while a change is carried out."""
        self._at_work.save(is_last=is_last)

    def shut_down(self) -> None:
        """Ask the process to end."""
        self.is_stopping.set()

    def stop(self) -> None:
        """Stop all streams; windows stay readable, and are kept where there is a place for them."""
        self._at_work.stop()


@contextmanager
def _located(text: str) -> Iterator[None]:
    """Give errors that know their path the line and column in the text."""
    try:
        yield
    except ConfigError as error:
        locate(error, read_document(text))
        raise


def _tell_unknown_types(global_settings: Mapping[str, Settings]) -> None:
    """Say which settings are for handlers that there are none of."""
    known = {type_name for type_name, _ in handlers()}
    for type_name in global_settings.keys() - known:
        logger.warning(
            "global_handler_config configures stream handler type '%s' which is not available, ignoring%s",
            type_name,
            did_you_mean(type_name, known),
        )
