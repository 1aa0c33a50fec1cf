"""A running hub that is killed under load, and agents that send until each window is acknowledged."""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.daemon import PATIENCE_S, Daemon, eventually
from support.fleet import Fleet

SENDERS = 4
HEADERS = {"content-type": "application/vnd.apache.arrow.stream", "content-encoding": "zstd"}


@dataclass
class Load:
    """Windows of a fleet on their way to a hub, each sent until it is acknowledged."""

    fleet: Fleet
    windows: Sequence[tuple[int, int]]
    """Numbers of agents and minutes."""
    port: int = 0
    """Where the hub is now; 0 while there is none."""
    acknowledged: set[tuple[int, int]] = field(default_factory=set)
    answers: list[int] = field(default_factory=list)
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send in threads until everything is acknowledged or the end."""
        self._ends = threading.Event()
        parts = [self.windows[at::SENDERS] for at in range(SENDERS)]
        threads = [threading.Thread(target=self._send, args=(part,), daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ends.set()
            for thread in threads:
                thread.join(PATIENCE_S)

    @property
    def is_done(self) -> bool:
        return len(self.acknowledged) == len(self.windows)

    def has_come_to(self, number: int) -> Callable[[], bool]:
        """Whether so many are acknowledged, or all."""
        return lambda: self.is_done or len(self.acknowledged) >= number

    def _send(self, windows: Sequence[tuple[int, int]]) -> None:
        for window in windows:
            body = self.fleet.body(*window)
            while not self._ends.is_set() and not self._is_taken(body):
                time.sleep(0.02)
            if self._ends.is_set():
                return
            with self._lock:
                self.acknowledged.add(window)

    def _is_taken(self, body: bytes) -> bool:
        if not self.port:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/api/v1/windows", body, HEADERS)
            with self._lock:
                self.sent += 1
            answer = connection.getresponse()
            answer.read()
            self.answers.append(answer.status)
            return answer.status == 200
        return False


def hub(directory: Path, *more: str) -> Daemon:
    """A running hub."""
    return Daemon("--data-dir", str(directory), *more, command="pktvisor-hub")


def killed_again_and_again(load: Load, directory: Path, *, rounds: int, seed: int) -> Daemon:
    """Kill hubs under load after some deliveries each, and give the last one, which has taken everything."""
    chance = random.Random(seed)
    with load.running():
        for _ in range(rounds):
            running = hub(directory)
            load.port = running.port
            eventually(load.has_come_to(len(load.acknowledged) + chance.randrange(1, 40)))
            time.sleep(chance.random() / 50)
            load.port = 0
            running.process.kill()
            running.process.communicate()
        last = hub(directory)
        load.port = last.port
        eventually(lambda: load.is_done)
    return last
