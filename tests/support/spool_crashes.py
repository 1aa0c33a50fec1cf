"""A spool whose process is killed at every step on disk, one after the other: each time in a folder of its own.

Run as a program with a folder, it prints a JSON object: for each step, what had been done by then.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pktvisor.outputs.hub_spool import Spool

MOST_BYTES = 1 << 20


def window(number: int) -> bytes:
    """A window that is told from others."""
    return b"%d " % number * 500


def story(folder: Path, done: Callable[[str, int], None]) -> None:
    """Queue windows and send some of them."""
    spool = Spool(folder, most_bytes=MOST_BYTES)
    for number in range(3):
        spool.put(window(number), {"edge": number})
        done("put", number)
    for number in range(2):
        assert spool.oldest() == window(number)
        done("sent", number)
        spool.remove()
    spool.put(window(3), {"edge": 3})
    done("put", 3)
    spool.close()
    done("closed", 0)


class TornFile:
    """A file of which half of what is written arrives, where the process is killed meanwhile."""

    def __init__(self, file: IO[bytes], count: Callable[[Callable[[], object] | None], None]) -> None:
        self._file, self._count = file, count

    def __enter__(self) -> TornFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        def half() -> None:
            self._file.write(content[: len(content) // 2])
            self._file.flush()

        self._count(half)
        self._file.write(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Killer:
    """Kills the process at one of its steps on disk."""

    def __init__(self, at: int) -> None:
        self._left = at

    def count(self, last: Callable[[], object] | None = None) -> None:
        """Count a step; at the one in question, do what half of it does, and die."""
        self._left -= 1
        if self._left == 0:
            if last is not None:
                last()
            os.kill(os.getpid(), signal.SIGKILL)

    def take_over(self) -> None:
        """Have every step counted, before it is done."""
        for name in ("open", "fsync", "replace", "unlink", "mkdir"):
            setattr(os, name, self._counted(getattr(os, name)))
        fdopen = os.fdopen

        def torn(descriptor: int, mode: str = "r", *rest: Any, **named: Any) -> Any:
            file = fdopen(descriptor, mode, *rest, **named)
            return TornFile(file, self.count) if mode == "wb" else file

        os.fdopen = torn  # type: ignore[assignment]

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self.count()
            return function(*given, **named)

        return counted


def killed_at(step: int, folder: Path) -> list[tuple[str, int]]:
    """Run the story in a process of its own that is killed at a step; give what it had done by then."""
    told_by, told = os.pipe()
    if os.fork() == 0:
        Killer(step).take_over()
        story(folder, lambda deed, number: _tell(told, f"{deed} {number}\n"))
        os._exit(0)
    os.close(told)
    with os.fdopen(told_by, encoding="ascii") as lines:
        done = [(deed, int(number)) for deed, number in (line.split() for line in lines)]
    os.wait()
    return done


def _tell(descriptor: int, line: str) -> None:
    os.write(descriptor, line.encode())


def main(folder: Path) -> None:
    done: dict[int, list[tuple[str, int]]] = {}
    step = 1
    while ("closed", 0) not in done.get(step - 1, []):
        done[step] = killed_at(step, folder / str(step))
        step += 1
    print(json.dumps(done))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
