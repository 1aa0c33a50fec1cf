"""A delivery: one closed window of one policy of an agent, as it is sent to the hub."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pktvisor import _core
from pktvisor.errors import InputError

AGENT_KEY, BOOT_KEY, VERSION_KEY, TAGS_KEY = "pktvisor.agent", "pktvisor.boot", "pktvisor.version", "pktvisor.tags"
"""Keys in the metadata of the stream's schema."""

MOST_BYTES = 64 << 20
"""What a delivery takes at most when it is unpacked."""
MOST_WINDOWS = 64
"""Handlers whose windows a delivery has."""
MOST_ROWS = 1 << 18
"""Records of a delivery."""
MOST_TAGS = 32
LONGEST_NAME = 200
LARGEST_NUMBER = (1 << 63) - 1
"""Of a window: files and tables of others keep it signed."""
LONGEST_S = 3660 * 24 * 3600
"""Length of a window: as long as anything is kept."""
TAG_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")

MINUTE_S = 60
MINUTE_NS = MINUTE_S * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Sender:
    """The agent that a delivery comes from, as it was then."""

    agent: str
    boot: str
    """Differs each time the agent's process starts."""
    version: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that was read."""

    sender: Sender
    table: _core.RecordTable
    runs: Sequence[_core.WindowRun]
    """The windows of its handlers, each a run of rows of the table."""


def read_delivery(body: bytes) -> Delivery:
    """Read a delivery. InputError, a sentence, where the bytes are none."""
    try:
        table = _core.RecordTable.read(body, most_bytes=MOST_BYTES)
    except _core.InputFault as fault:
        raise InputError(str(fault)) from fault
    sender = _sender(table.metadata)
    runs = table.windows()
    if not 0 < len(runs) <= MOST_WINDOWS:
        raise InputError(f"the delivery has windows of {len(runs)} handlers, not of 1 to {MOST_WINDOWS}")
    if len(table) > MOST_ROWS:
        raise InputError(f"the delivery has {len(table)} records, more than {MOST_ROWS}")
    for run in runs:
        _check(run, sender)
    _check_each_comes_once(runs)
    return Delivery(sender, table, runs)


def _sender(metadata: Mapping[str, str]) -> Sender:
    agent, boot = metadata.get(AGENT_KEY, ""), metadata.get(BOOT_KEY, "")
    for key, value in ((AGENT_KEY, agent), (BOOT_KEY, boot)):
        if not value or len(value) > LONGEST_NAME or not value.isprintable():
            raise InputError(f"the schema's metadata has no usable {key}: a text of 1 to {LONGEST_NAME} characters")
    return Sender(agent, boot, metadata.get(VERSION_KEY, "")[:LONGEST_NAME], _tags(metadata.get(TAGS_KEY, "{}")))


def _tags(text: str) -> Mapping[str, str]:
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{TAGS_KEY} is no JSON object") from None
    return checked_tags(tags)


def checked_tags(tags: object) -> Mapping[str, str]:
    """Give the tags of an agent, sorted. InputError where they are none."""
    if not isinstance(tags, dict) or len(tags) > MOST_TAGS:
        raise InputError(f"{TAGS_KEY} must be a JSON object of at most {MOST_TAGS} texts")
    for name, value in tags.items():
        is_text = isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()
        if not is_text or len(name) > LONGEST_NAME or not TAG_NAME.fullmatch(name):
            raise InputError(f"{TAGS_KEY}: {name[:LONGEST_NAME]!r} is no name with a text of one line")
    return dict(sorted(tags.items()))


def _check(run: _core.WindowRun, sender: Sender) -> None:
    if run.agent != sender.agent:
        raise InputError(f"the records are those of {run.agent[:LONGEST_NAME]!r}, not of {sender.agent!r}")
    if not run.is_closed:
        raise InputError(f"window {run.number} of {run.instance[:LONGEST_NAME]!r} is not closed")
    for name in (run.policy, run.instance, run.schema):
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise InputError(f"the name {name[:LONGEST_NAME]!r} of a policy or handler can't be used")
    for field, value, most in (("number", run.number, LARGEST_NUMBER), ("length", run.length_s, LONGEST_S)):
        if value > most:
            raise InputError(f"a window of {run.instance!r} has the {field} {value}, which is more than {most}")


def _check_each_comes_once(runs: Sequence[_core.WindowRun]) -> None:
    known: set[tuple[str, str, int]] = set()
    for run in runs:
        if (key := (run.policy, run.instance, run.number)) in known:
            raise InputError(
                f"window {run.number} of {run.instance!r} comes twice, or its records don't stand together"
            )
        known.add(key)


def minute_of(run: _core.WindowRun) -> int:
    """The minute, counted from 1970, that a window is counted in: the one that it begins in."""
    return run.start_ns // MINUTE_NS


def handler_of(policy: str, tap: str, instance: str) -> str:
    """The name of a handler within its policy, whichever tap it is at.

    Instances are called `POLICY-TAP-HANDLER`; the policy `default` calls its `default-HANDLER`.
    """
    for prefix in (f"{policy}-{tap}-", f"{policy}-"):
        if instance.startswith(prefix) and len(instance) > len(prefix):
            return instance.removeprefix(prefix)
    return instance
