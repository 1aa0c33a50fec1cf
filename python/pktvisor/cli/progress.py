"""How far the reading of a file has come, said on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from pktvisor import _core, clock
from pktvisor.cli.options import complain

INTERVAL_S = 1.0
NEWS_INTERVAL_S = 0.2
SPINNER = "|/-\\"
CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Called now and then by the engine; rewrites one line each second if `stream` is a terminal."""

    def __init__(self, stream: TextIO, *, follows: bool = False) -> None:
        self.stream = stream
        self.stop = _core.Stop()
        """Set to stop reading early."""
        self.following = _core.Following(self.stop) if follows else None
        """Where the file is read as it grows."""
        self._is_shown = stream.isatty()
        self._last_time = clock.monotonic()
        self._last_packets = 0
        self._turns = 0

    def __call__(self, packets: int, bytes_read: int, total_bytes: int | None) -> None:
        """Take note of where the reading is."""
        elapsed_s = clock.monotonic() - self._last_time
        if self._is_shown and elapsed_s >= INTERVAL_S:
            rate = (packets - self._last_packets) / elapsed_s
            self.stream.write(f"{CLEAR_LINE}{self._spin()} {_line(packets, rate, bytes_read, total_bytes)}")
            self.stream.flush()
            self._last_time += elapsed_s
            self._last_packets = packets

    @contextmanager
    def news_told(self) -> Iterator[None]:
        """Say what happens to a file that grows, as it happens: it is replaced, cut, or none that can be read."""
        if self.following is None:
            yield
            return
        has_ended = threading.Event()
        teller = threading.Thread(target=self._tell_news, args=(self.following, has_ended), name="news", daemon=True)
        teller.start()
        try:
            yield
        finally:
            has_ended.set()
            teller.join()

    def _tell_news(self, following: _core.Following, has_ended: threading.Event) -> None:
        is_last = False
        while not is_last:
            is_last = has_ended.wait(NEWS_INTERVAL_S)
            for sentence in following.take_news():
                complain(sentence)

    def finish(self, packets: int) -> None:
        """Say how many packets there were."""
        start = CLEAR_LINE if self._turns else ""
        self.stream.write(f"{start}processed {packets} packets\n")

    def _spin(self) -> str:
        self._turns += 1
        return SPINNER[self._turns % len(SPINNER)]


def _line(packets: int, rate: float, bytes_read: int, total_bytes: int | None) -> str:
    share = f", {100 * bytes_read // total_bytes}%" if total_bytes else ""
    return f"processed {packets} packets ({rate:.0f}/s{share})"
