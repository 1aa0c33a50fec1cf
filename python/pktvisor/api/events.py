"""What an agent tells of as it happens: ticks and marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pktvisor.api.keys import COUNT, Document, count, mapping, models, number, schema_of, table, text


@dataclass(frozen=True, slots=True)
class Newest:
    """What is newest of a policy: a client that knows it has nothing to ask for."""

    window: Annotated[int | None, count("window", is_optional=True)] = None
    """Start of its open window, in Unix seconds; None before anything was fed."""
    step: Annotated[int | None, count("step", is_optional=True)] = None
    """Start of the newest step that is over, likewise; None before there is one, and of a hub."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What `GET /api/v1/events` tells every second."""

    time: Annotated[float, number("time")] = 0.0
    """Unix seconds."""
    up_time_s: Annotated[float, number("up_time_s")] = 0.0
    policies: Annotated[Mapping[str, Document], table("policies", schema_of(Newest))] = field(default_factory=dict)
    inputs: Annotated[Mapping[str, Mapping[str, int]], table("inputs", mapping(COUNT))] = field(default_factory=dict)
    """The ledgers of inputs since they began, by name: what became of packets. What is not there is 0."""
    agents: Annotated[Mapping[str, int] | None, table("agents", COUNT, is_optional=True)] = None
    """A hub: how many agents are live, stale and gone."""
    mark: Annotated[int, count("mark")] = 0
    """Of the newest mark; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, in a sentence."""

    id: Annotated[int, count("id")] = 0
    """Later marks have greater ones, after a restart, too."""
    time: Annotated[float, number("time")] = 0.0
    """Unix seconds."""
    kind: Annotated[str, text("kind")] = ""
    """What happened: one word of a few."""
    subject: Annotated[str, text("subject")] = ""
    """What it happened to: the name of a policy, an input or an agent."""
    text: Annotated[str, text("text")] = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """`GET /api/v1/marks`."""

    marks: Annotated[list[Document], models("marks", "Mark")] = field(default_factory=list)
    """The oldest first."""
    forgotten: Annotated[int, count("forgotten")] = 0
    """How many there were besides, for which there is no room any more."""
