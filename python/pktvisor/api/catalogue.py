"""What can be measured, and what a changed configuration changes, as documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pktvisor.api.configuring import DroppedWindows, InputFate
from pktvisor.api.keys import FLAG, Document, flag, model, models, schema_of, table, text, texts


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """One entry of `GET /api/v1/columns`."""

    table: Annotated[str, text("table")] = ""
    name: Annotated[str, text("name")] = ""
    type: Annotated[str, text("type")] = ""
    unit: Annotated[str, text("unit")] = ""
    meaning: Annotated[str, text("meaning")] = ""


@dataclass(frozen=True, slots=True)
class ShownMetric:
    """A metric as clients see it."""

    path: Annotated[str, text("path")] = ""
    """Place in JSON, with the schema key and dots."""
    kind: Annotated[str, text("kind")] = ""
    help: Annotated[str, text("help")] = ""
    unit: Annotated[str, text("unit")] = ""
    """Of its values, as columns tell it; empty for numbers of rows or items."""
    prometheus: Annotated[str, text("prometheus")] = ""
    total: Annotated[str | None, text("prometheus_total", is_optional=True)] = None
    """Name in Prometheus of the count since the start, where there is one."""
    labels: Annotated[list[str], texts("labels")] = field(default_factory=list)
    groups: Annotated[list[str], texts("groups")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShownHandler:
    """One entry of `GET /api/v1/handlers`."""

    type: Annotated[str, text("type")] = ""
    version: Annotated[str, text("version")] = ""
    schema: Annotated[str, text("schema")] = ""
    inputs: Annotated[list[str], texts("inputs")] = field(default_factory=list)
    options: Annotated[list[str], texts("options")] = field(default_factory=list)
    groups: Annotated[Mapping[str, bool], table("groups", FLAG)] = field(default_factory=dict)
    """Whether each is on by default."""
    metrics: Annotated[list[Document], models("metrics", "Metric")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeclaredMetric(ShownMetric):
    """A metric of a policy's handler."""

    is_on: Annotated[bool, flag("is_on")] = True
    """Whether its groups are."""


@dataclass(frozen=True, slots=True)
class DeclaredHandler:
    """One handler of `GET /api/v1/policies/{name}/declarations`."""

    module: Annotated[str, text("module")] = ""
    """Its key in the policy."""
    type: Annotated[str, text("type")] = ""
    version: Annotated[str, text("version")] = ""
    schema: Annotated[str, text("schema")] = ""
    groups: Annotated[Mapping[str, bool], table("groups", FLAG)] = field(default_factory=dict)
    """Whether each is on."""
    metrics: Annotated[list[Document], models("metrics", "DeclaredMetric")] = field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """Names of one kind of things, by what becomes of them."""

    added: Annotated[list[str], texts("added")] = field(default_factory=list)
    changed: Annotated[list[str], texts("changed")] = field(default_factory=list)
    removed: Annotated[list[str], texts("removed")] = field(default_factory=list)
    unchanged: Annotated[list[str], texts("unchanged")] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing is to be done."""
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True)
class Changes:
    """`POST /api/v1/config`: what becomes of the taps and policies that came from a configuration."""

    taps: Annotated[Difference, model("taps", Difference)]
    policies: Annotated[Difference, model("policies", Difference)]
    agents: Annotated[Mapping[str, object] | None, table("agents", schema_of(Difference), is_optional=True)] = None
    """Of a hub: what becomes of the policies that it gives to its agents, by agent."""
    dropped: Annotated[Mapping[str, Document] | None, table("dropped", schema_of(DroppedWindows), is_optional=True)] = (
        None
    )
    """Where details are asked for: the windows of policies that end, or begin anew, by policy."""
    inputs: Annotated[Mapping[str, Document] | None, table("inputs", schema_of(InputFate), is_optional=True)] = None
    """Where details are asked for: what becomes of inputs, by input."""

    dashboards: Annotated[Difference | None, model("dashboards", Difference, is_optional=True)] = None
    """None where there are none, before and after."""

    @property
    def are_any(self) -> bool:
        """Something is to be done."""
        return not all(one is None or one.is_empty for one in (self.taps, self.policies, self.dashboards))


@dataclass(frozen=True, slots=True)
class Refused:
    """Any answer but success, where it is a document."""

    error: Annotated[str, text("error")]
    hint: Annotated[str | None, text("hint", is_optional=True)] = None
    path: Annotated[str | None, text("path", is_optional=True)] = None
    """Where a configuration is wrong, as keys with dots between."""
    place: Annotated[str | None, text("place", is_optional=True)] = None
    """Line and column of it."""
