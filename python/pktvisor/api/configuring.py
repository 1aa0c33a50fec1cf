"""What an agent runs as texts, what is wrong with a text, and what a change ends, as documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pktvisor.api.keys import Document, count, flag, model, models, number, reference, table, text

ORIGINS = ("configuration", "api", "command line", "stream", "hub")


@dataclass(frozen=True, slots=True)
class ShownText:
    """A tap or a policy as `GET /api/v1/config` has it."""

    origin: Annotated[str, text("origin", *ORIGINS)]
    """Who made it; `stream` of the policies that inputs bring along, which nobody changes."""
    text: Annotated[str | None, text("text", is_optional=True)] = None
    """A configuration with nothing else in it; None of a policy that nobody wrote."""
    file: Annotated[str | None, text("file", is_optional=True)] = None
    """Name of the file that it came from, without its folder."""
    digest: Annotated[str | None, text("digest", is_optional=True)] = None
    """Tells what a policy says from what others of its name say."""
    since: Annotated[float | None, number("since", is_optional=True)] = None
    """When a policy began, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class RunningConfiguration:
    """`GET /api/v1/config`."""

    has_file: Annotated[bool, flag("has_file")]
    """There is a file that can be read again."""
    policies: Annotated[Mapping[str, Document], table("policies", reference("Text"))]
    taps: Annotated[Mapping[str, Document], table("taps", reference("Text"))]


@dataclass(frozen=True, slots=True)
class ShownFix:
    """Characters of a line, and what would do instead."""

    line: Annotated[int, count("line")]
    column: Annotated[int, count("column")]
    """Of the first character, from 1."""
    length: Annotated[int, count("length")]
    text: Annotated[str, text("text")]


@dataclass(frozen=True, slots=True)
class ShownFault:
    """Something that is wrong with a text, or has no effect."""

    error: Annotated[str, text("error")]
    hint: Annotated[str | None, text("hint", is_optional=True)] = None
    path: Annotated[str | None, text("path", is_optional=True)] = None
    """Where in the configuration, as keys with dots between."""
    line: Annotated[int | None, count("line", is_optional=True)] = None
    column: Annotated[int | None, count("column", is_optional=True)] = None
    fix: Annotated[ShownFix | None, model("fix", ShownFix, is_optional=True)] = None
    """What was meant, probably."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`POST /api/v1/config/check`."""

    faults: Annotated[list[Document], models("faults", "Fault")] = field(default_factory=list)
    warnings: Annotated[list[Document], models("warnings", "Fault")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DroppedWindows:
    """The windows that a policy loses as it ends, or begins anew."""

    windows: Annotated[int, count("windows")]
    seconds: Annotated[int, count("seconds")]
    """That they cover."""


@dataclass(frozen=True, slots=True)
class InputFate:
    """What becomes of an input."""

    tap: Annotated[str, text("tap")]
    becomes: Annotated[str, text("becomes", "opened", "unchanged", "closed")]
