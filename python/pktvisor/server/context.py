"""What routes answer from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pktvisor import _core
from pktvisor.agent.running import RunningAgent
from pktvisor.outputs.json import Document
from pktvisor.server.counters import Counters
from pktvisor.server.events import Events
from pktvisor.server.exposure import Exposure, check_exposure
from pktvisor.server.rooms import Room
from pktvisor.server.sessions import Sessions
from pktvisor.server.settings import ServerSettings
from pktvisor.server.tokens import Tokens

MOST_CHANGES = 2
"""That are made at a time: each may take long, and holds one of few threads, which others need for their answers."""
MOST_QUESTIONS, MOST_QUESTIONS_WAITING = 2, 32
"""Of those that take long: how many are answered at a time, and how many may wait."""
TAKING_THREADS = 4
"""For what agents send: they wait for the disk together, and for no reader."""


@dataclass(slots=True)
class Answers:
    """Answers that clients are still taking. Written by the server's thread only."""

    bytes: int = 0
    held: _core.Answers = field(default_factory=lambda: _core.memory_account().answers())

    def add(self, change_bytes: int) -> None:
        """Count an answer that is begun, or is done with (less than 0)."""
        self.bytes += change_bytes
        self.held.tell(self.bytes)


@dataclass(slots=True)
class Bodies:
    """Bodies that are being taken. Written by the server's thread only."""

    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Context:
    """A running agent, and what was configured about its interface."""

    agent: RunningAgent
    settings: ServerSettings
    exposure: Exposure
    counters: Counters
    events: Events
    tokens: Tokens | None = None
    """Who may do what; None where nobody is asked for a token."""
    sessions: Sessions | None = None
    """Who is signed in by one of them."""
    answers: Answers = field(default_factory=Answers)
    bodies: Bodies = field(default_factory=Bodies)
    changes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_CHANGES))
    """Room for changes; those to come wait for it without a thread."""
    questions: Room = field(default_factory=lambda: Room(MOST_QUESTIONS, most_waiting=MOST_QUESTIONS_WAITING))
    """Room for questions that take long."""
    takers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(TAKING_THREADS, "taking"))
    """Threads that take what agents send."""
    describe: Callable[[], Document] = dict
    """Gives the OpenAPI document. The application sets it: the document is made of all routes, and one gives it."""


def make_context(agent: RunningAgent, settings: ServerSettings) -> Context:
    """Check the settings and read the token file. Raises `ConfigError` for what is unsafe or wrong."""
    exposure = check_exposure(settings)
    tokens = None if settings.token_file is None else Tokens(settings.token_file)
    counters = Counters()
    events = Events(agent, settings.bounds, counters)
    return Context(agent, settings, exposure, counters, events, tokens, None if tokens is None else Sessions(tokens))
