"""What the outside sees of a running process. The server answers from this and knows nothing of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from pktvisor.agent.marks import MarkRing
from pktvisor.api.documents import Memory
from pktvisor.api.events import Tick
from pktvisor.api.series import Series
from pktvisor.config.models import DashboardConfig
from pktvisor.metrics.snapshot import HandlerSnapshot, Labels
from pktvisor.policies.instances import Module
from pktvisor.windows.record import Record


class RunningPolicy(Protocol):
    """A policy at work, with the windows of its handlers."""

    @property
    def name(self) -> str:
        """The policy's name, as `default`."""
        ...

    @property
    def instances(self) -> tuple[str, ...]:
        """Names of its handlers, in the policy's order, as `default-default-dns`."""
        ...

    @property
    def modules(self) -> Sequence[Module]:
        """Its handlers with what was said about them; none of a hub's policy, whose windows come from agents."""
        ...

    @property
    def periods(self) -> int:
        """How many buckets it keeps, with the live one."""
        ...

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        """Give one bucket: 0 is live, 1 the last closed one. Raises `PeriodError`."""
        ...

    def window(self, number: int) -> list[HandlerSnapshot]:
        """Give the merge of the `number` newest buckets, with the live one. Raises `PeriodError`."""
        ...

    def bucket_records(self, number: int, agent: str) -> list[Record]:
        """Give the records of one bucket, with the name of the agent. Raises `PeriodError`."""
        ...

    def window_records(self, number: int, agent: str) -> list[Record]:
        """Give the records of the merge of the `number` newest buckets. Raises `PeriodError`."""
        ...

    def latest(self) -> list[HandlerSnapshot]:
        """Give the last closed bucket, or the live one where none is closed: what Prometheus scrapes."""
        ...

    def totals(self) -> list[HandlerSnapshot]:
        """Give what its counters counted since they began, and what became of its inputs' packets; it never falls."""
        ...

    def series(self, since_s: int) -> Series:
        """Give what was counted in each step that is over and began at this time or later, in Unix seconds.

        Raises `NotFoundError` where it has no steps.
        """
        ...

    def describe(self) -> dict[str, object]:
        """Tell of its input, taps and handlers: the document below its name in `GET /api/v1/policies/{name}`."""
        ...


class RunningTap(Protocol):
    """A named source that policies may use."""

    def describe(self) -> dict[str, object]:
        """Tell of it: the document below its name in `GET /api/v1/taps/{name}`."""
        ...


class RunningInput(Protocol):
    """A stream at work, shared by the policies that want the same of the same tap."""

    def describe(self) -> dict[str, object]:
        """Tell of its state, configuration and ledger: the document below its name in a policy's description."""
        ...

    def recent_packets(self, *, filter_expression: str, seconds: int | None, most_bytes: int) -> bytes:
        """Give the newest packets of its lookback as a capture file (pcapng).

        Of at most the last `seconds` (all that is kept where None) those that pass the filter, the newest `most_bytes`
        bytes of them. Raises `ConfigError` for a filter that makes no sense, `NotFoundError` where nothing is kept.
        """
        ...


class OwnMetric(NamedTuple):
    """A number that a process tells of itself; `server.process_metrics` declares its name."""

    name: str
    value: int
    labels: Labels = ()


class RunningAgent(Protocol):
    """A running process. What changes it is done whole or not at all."""

    @property
    def version(self) -> str:
        """The version number, as `5.0.0`."""
        ...

    @property
    def is_hub(self) -> bool:
        """Whether it is a hub, which answers for many agents."""
        ...

    @property
    def started(self) -> float:
        """When it started, in Unix seconds."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether everything is at work that was asked for, and goes on."""
        ...

    @property
    def memory(self) -> Memory:
        """What it holds of memory, and what gave way to its budget."""
        ...

    @property
    def marks(self) -> MarkRing:
        """What happened lately."""
        ...

    def tick(self, now: float) -> Tick:
        """Tell what is newest at a time in Unix seconds; it takes little."""
        ...

    def own_metrics(self) -> Iterable[OwnMetric]:
        """Tell of what it does beside its policies: a hub of what came in."""
        ...

    @property
    def policies(self) -> Mapping[str, RunningPolicy]:
        """The policies at work, by name."""
        ...

    @property
    def taps(self) -> Mapping[str, RunningTap]:
        """The taps, by name."""
        ...

    @property
    def inputs(self) -> Mapping[str, RunningInput]:
        """The streams at work, by name."""
        ...

    @property
    def dashboards(self) -> Mapping[str, DashboardConfig]:
        """The dashboards that its configuration lists, by name."""
        ...

    def add_tap(self, text: str) -> dict[str, object]:
        """Define the one tap of a YAML (or JSON) text; give its description by name.

        Raises `ConflictError` where there is one of that name, `ConfigError` where the text makes no sense.
        """
        ...

    def remove_tap(self, name: str) -> None:
        """Forget a tap; streams that were made from it go on. Raises `NotFoundError`."""
        ...

    def add_policy(self, text: str) -> dict[str, object]:
        """Start the one policy of a YAML (or JSON) text; give its description by name.

        Raises `ConflictError`, `NoMatchError` (a selector that no tap meets), `ConfigError`, `InputError`.
        """
        ...

    def remove_policy(self, name: str) -> None:
        """Stop a policy, and its stream where nobody else uses it. Raises `NotFoundError`."""
        ...

    def configuration(self) -> dict[str, object]:
        """Tell what runs, as texts: the document of `GET /api/v1/config`."""
        ...

    def find_faults(self, text: str) -> dict[str, object]:
        """Tell everything that is wrong with a text whose taps and policies are to join those that run."""
        ...

    def apply_policy(self, text: str, *, base: str | None, is_dry_run: bool) -> dict[str, object]:
        """Add the one policy of a text, or put it in the place of the one of its name; all others stay as they are.

        `base` is the digest of what it is to take the place of, empty where there must be none, None where that does
        not matter. Gives what `apply` does, with details. Raises `ConflictError` where `base` is another one or the
        policy is not ours to change, `ConfigError`, `InputError`, having changed nothing.
        """
        ...

    def apply(self, text: str | None, *, is_dry_run: bool, is_detailed: bool = False) -> dict[str, object]:
        """Make taps and policies those of a whole configuration; what does not change keeps its windows.

        Without a text the configuration file is read again. Gives what was (or would be) done, as
        `{"taps": {"added": [...], "changed": [...], "removed": [...], "unchanged": [...]}, "policies": {...}}`; in
        detail also which windows are dropped and what becomes of inputs. Raises
        `ConfigError`, having changed nothing; `NotFoundError` where there is no file.
        """
        ...

    def shut_down(self) -> None:
        """Stop all policies and ask the process to end."""
        ...
