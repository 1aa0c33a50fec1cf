"""The agents that the hub knows, and which of their windows: kept in SQLite.

The file tells how far it has come in the journal; what came later is read from there at the next start.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pktvisor.errors import InputError
from pktvisor.hub.delivery import Delivery, Sender
from pktvisor.hub.seen import Seen, Series

MOST_AGENTS = 100_000
MOST_NAME_BYTES = 256 << 20
"""What the names, tags and policies of all agents take together."""
GONE_AFTER_S = 24 * 3600
"""An agent that is silent for longer is gone."""
MOST_POLICIES = 64
"""Policies of one agent whose names are kept."""
FORM = 1
"""Version of the file's tables."""

TABLES = """
CREATE TABLE IF NOT EXISTS agents (
    name TEXT PRIMARY KEY, boot TEXT, version TEXT, tags TEXT, policies TEXT, first_seen_ns INTEGER,
    last_seen_ns INTEGER, newest_end_ns INTEGER, length_s INTEGER, windows INTEGER, duplicates INTEGER,
    refused INTEGER, refusal TEXT, restarts INTEGER
);
CREATE TABLE IF NOT EXISTS seen (
    agent TEXT, boot TEXT, policy TEXT, instance TEXT, ranges TEXT, PRIMARY KEY (agent, boot, policy, instance)
);
CREATE TABLE IF NOT EXISTS sealed (hour INTEGER PRIMARY KEY, sequence INTEGER);
CREATE TABLE IF NOT EXISTS rolled (day INTEGER PRIMARY KEY, sequence INTEGER);
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value INTEGER);
"""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """What is known of an agent."""

    name: str
    boot: str = ""
    version: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    first_seen_ns: int = 0
    last_seen_ns: int = 0
    """When something of it came last, by the hub's clock."""
    newest_end_ns: int = 0
    """The end of its newest window, by its own clock."""
    length_s: int = 0
    """The length of the windows that came last, of the shortest: so often something is to come."""
    windows: int = 0
    duplicates: int = 0
    refused: int = 0
    refusal: str = ""
    """Why something of it was refused last."""
    restarts: int = 0

    @property
    def name_bytes(self) -> int:
        """What its texts take, about."""
        tags = sum(len(name) + len(value) for name, value in self.tags.items())
        return len(self.name) + len(self.boot) + len(self.refusal) + tags + sum(map(len, self.policies))


def check_form(connection: sqlite3.Connection, path: Path) -> None:
    """Raise InputError where a registry has tables that this release does not know."""
    (form,) = connection.execute("PRAGMA user_version").fetchone()
    if form not in (0, FORM):
        raise InputError(f"{path} was written by a later release (form {form}); this one knows form {FORM}")


class Registry:
    """The agents and their windows. Any thread may ask; `flush` brings them to disk. InputError where that fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._agents: dict[str, KnownAgent] = {}
        self._changed: set[str] = set()
        self._removed: set[str] = set()
        self._name_bytes = 0
        self.agents_forgotten = 0
        """Agents that were silent for longest, and gave up their place to new ones."""
        self.seen = Seen()
        self.flushed_sequence = 0
        """Number of the last entry of the journal that the file knows of."""
        with self._told():
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            check_form(self._connection, path)
            self._connection.execute(f"PRAGMA user_version={FORM}")
            self._connection.executescript(TABLES)
            self._load()

    def _load(self) -> None:
        names = ", ".join(COLUMNS)
        for row in self._connection.execute(f"SELECT {names} FROM agents ORDER BY first_seen_ns"):
            agent = self._agents[row[0]] = _agent(row)
            self._name_bytes += agent.name_bytes
        for *series, ranges in self._connection.execute("SELECT agent, boot, policy, instance, ranges FROM seen"):
            self.seen.load(Series(*series), json.loads(ranges))
        for (value,) in self._connection.execute("SELECT value FROM progress WHERE name = 'sequence'"):
            self.flushed_sequence = value

    def agents(self) -> list[KnownAgent]:
        """Give all agents, in the order in which they were first heard of."""
        with self._lock:
            return list(self._agents.values())

    def find(self, name: str) -> KnownAgent | None:
        """Give an agent."""
        with self._lock:
            return self._agents.get(name)

    def has_room_for(self, name: str, now_ns: int) -> bool:
        """Whether an agent is known, or may become so: where there are too many, the one that is silent for longest is
        forgotten, if it is gone.
        """
        with self._lock:
            if name in self._agents or self._has_room():
                return True
            silent = min(self._agents.values(), key=lambda one: one.last_seen_ns)
            if now_ns - silent.last_seen_ns <= GONE_AFTER_S * 1_000_000_000:
                return False
            self.agents_forgotten += 1
            self._remove(silent)
        self.seen.forget_agent(silent.name)
        return True

    def _has_room(self) -> bool:
        return len(self._agents) < MOST_AGENTS and self._name_bytes < MOST_NAME_BYTES

    def note(self, delivery: Delivery, now_ns: int, *, stored: int, duplicate: int) -> None:
        """Note what came of an agent."""
        sender, runs = delivery.sender, delivery.runs
        with self._lock:
            before = self._agents.get(sender.agent) or KnownAgent(sender.agent, sender.boot, first_seen_ns=now_ns)
            policies = dict.fromkeys((*before.policies, *(run.policy for run in runs)))
            self._put(
                replace(
                    _as_it_is(before, sender),
                    policies=tuple(policies)[:MOST_POLICIES],
                    last_seen_ns=max(before.last_seen_ns, now_ns),
                    newest_end_ns=max(before.newest_end_ns, *(run.end_ns for run in runs)),
                    length_s=min(run.length_s for run in runs),
                    windows=before.windows + stored,
                    duplicates=before.duplicates + duplicate,
                )
            )

    def note_refusal(self, name: str, reason: str, now_ns: int) -> None:
        """Note that something of a known agent was refused."""
        with self._lock:
            agent = self._agents.get(name)
            if agent is not None:
                self._put(replace(agent, refused=agent.refused + 1, refusal=reason, last_seen_ns=now_ns))

    def _put(self, agent: KnownAgent) -> None:
        before = self._agents.get(agent.name)
        self._name_bytes += agent.name_bytes - (0 if before is None else before.name_bytes)
        self._agents[agent.name] = agent
        self._changed.add(agent.name)
        self._removed.discard(agent.name)

    def remove(self, name: str) -> bool:
        """Forget an agent until it is heard of again; its windows stay. False where it is not known."""
        with self._lock:
            agent = self._agents.get(name)
            if agent is not None:
                self._remove(agent)
            return agent is not None

    def _remove(self, agent: KnownAgent) -> None:
        del self._agents[agent.name]
        self._name_bytes -= agent.name_bytes
        self._changed.discard(agent.name)
        self._removed.add(agent.name)

    def sealed(self) -> dict[int, int]:
        """Give the hours, counted from 1970, that are sealed, each with the entry of the journal up to which it is."""
        with self._told():
            return dict(self._connection.execute("SELECT hour, sequence FROM sealed").fetchall())

    def rolled(self) -> dict[int, int]:
        """Give the days, counted from 1970, that are merged, with the entry of the journal up to which each is."""
        with self._told():
            return dict(self._connection.execute("SELECT day, sequence FROM rolled").fetchall())

    def note_rolled(self, day: int, sequence: int) -> None:
        """Note on disk that a day is merged up to an entry of the journal."""
        with self._told(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO rolled VALUES (?, ?)", (day, sequence))

    def flush(self, sequence: int, sealed: Mapping[int, int] = MappingProxyType({})) -> None:
        """Bring to disk what has changed; all entries of the journal up to `sequence` have been noted.

        Hours that are sealed are noted with it, or nothing is.
        """
        with self._lock:
            agents = [self._agents[name] for name in self._changed]
            removed, self._changed, self._removed = self._removed, set(), set()
        seen = self.seen.changes()
        try:
            with self._told(), self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._write(agents, removed, seen.items())
                marks = [(*one,) for one in sealed.items()]
                self._connection.executemany("INSERT OR REPLACE INTO sealed VALUES (?, ?)", marks)
                self._connection.execute("INSERT OR REPLACE INTO progress VALUES ('sequence', ?)", (sequence,))
        except Exception:
            self.seen.has_changed(seen)
            with self._lock:
                self._changed |= {agent.name for agent in agents}
                self._removed |= removed
            raise
        self.flushed_sequence = sequence

    def _write(
        self,
        agents: Iterable[KnownAgent],
        removed: Iterable[str],
        seen: Iterable[tuple[Series, list[list[int]]]],
    ) -> None:
        execute = self._connection.executemany
        execute("DELETE FROM agents WHERE name = ?", [(name,) for name in removed])
        marks = ", ".join("?" * len(COLUMNS))
        names = ", ".join(COLUMNS)
        execute(f"INSERT OR REPLACE INTO agents ({names}) VALUES ({marks})", [_row(agent) for agent in agents])
        listed = list(seen)
        execute(
            "DELETE FROM seen WHERE agent = ? AND boot = ? AND policy = ? AND instance = ?",
            [series for series, ranges in listed if not ranges],
        )
        execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
            [(*series, json.dumps(ranges)) for series, ranges in listed if ranges],
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, OverflowError) as error:
            raise InputError(f"the registry {self._path} can't be used: {error}") from error


def _as_it_is(before: KnownAgent, sender: Sender) -> KnownAgent:
    """An agent with what its newest delivery says of it."""
    restarts = before.restarts + (before.boot != sender.boot)
    return replace(before, boot=sender.boot, version=sender.version, tags=sender.tags, restarts=restarts)


COLUMNS = tuple(KnownAgent.__dataclass_fields__)
"""The table's columns are the fields."""

_AS_JSON = ("tags", "policies")


def _row(agent: KnownAgent) -> list[object]:
    values = ((name, getattr(agent, name)) for name in COLUMNS)
    return [json.dumps(value) if name in _AS_JSON else value for name, value in values]


def _agent(row: tuple[object, ...]) -> KnownAgent:
    values = dict(zip(COLUMNS, row, strict=True))
    tags, policies = json.loads(str(values.pop("tags"))), json.loads(str(values.pop("policies")))
    return KnownAgent(**values, tags=tags, policies=tuple(policies))  # type: ignore[arg-type]  # the columns are its fields
