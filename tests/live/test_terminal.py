"""`pktvisor` in a real terminal (tmux), against a live pktvisord with DNS traffic, all in a network namespace."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PORT = 10853
PATIENCE_S = 30.0
TRAFFIC = Path(__file__).parent / "dns_traffic.py"

for needed in ("tmux", "ip"):
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed", allow_module_level=True)
if os.geteuid() != 0:
    pytest.skip("a network namespace needs root", allow_module_level=True)


def eventually(probe: Callable[[], object], what: Callable[[], str]) -> None:
    """Wait until `probe` says something true."""
    deadline = time.monotonic() + PATIENCE_S
    while not probe():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


class Namespace:
    """A network namespace with a loopback interface alone."""

    def __init__(self) -> None:
        self.name = f"pktvisor-ui-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    def line(self, *arguments: str) -> list[str]:
        """The command line that runs Python in here."""
        return ["ip", "netns", "exec", self.name, sys.executable, *arguments]

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(self.line(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def agent(self) -> Iterator[None]:
        with self.running("-m", "pktvisor", "pktvisord", "-l", "127.0.0.1", "-p", str(PORT), "lo"):
            yield


class Screen:
    """A terminal with a shell in it, in which the interface was started."""

    def __init__(self, command: str, *, columns: int, rows: int) -> None:
        self._socket = f"pktvisor-{os.getpid()}"
        # The shell stays, so that what is left of the terminal can be looked at.
        script = f"export PS1='$ '; {command}; echo status $?; exec sh"
        size = ("-x", str(columns), "-y", str(rows))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, f"sh -c {shlex.quote(script)}")
        self._tmux("set-option", "-s", "set-clipboard", "on")

    def _tmux(self, *arguments: str) -> str:
        line = ["tmux", "-L", self._socket, *arguments]
        # Programs believe these variables rather than the terminal, and some runners of tests set them.
        environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        return subprocess.run(line, check=True, capture_output=True, text=True, env=environment).stdout

    @property
    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def shows(self, *texts: str) -> None:
        """Wait until all these texts are on the terminal."""
        eventually(lambda: all(text in self.text for text in texts), lambda: f"no {texts} in\n{self.text}")

    def clipboard(self) -> str:
        """What the program copied, by OSC 52."""
        return self._tmux("show-buffer")

    def state(self) -> str:
        """Whether the other screen is on, the mouse is reported and the cursor is shown."""
        return self._tmux("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").strip()

    def interface(self) -> int:
        """The interface's process."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(children[0])

    def close(self) -> None:
        self._tmux("kill-server")


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    made = Namespace()
    yield made
    made.remove()


@contextmanager
def screen_in(namespace: Namespace, *arguments: str, columns: int = 80, rows: int = 24) -> Iterator[Screen]:
    line = arguments or ("-m", "pktvisor", "pktvisor", "-H", "127.0.0.1", "--interval", "0.5")
    screen = Screen(shlex.join(namespace.line(*line)), columns=columns, rows=rows)
    try:
        yield screen
    finally:
        screen.close()


def assert_clean(screen: Screen) -> None:
    """The terminal is as a shell wants it: its own screen, no mouse reports, a cursor, and what is typed is seen."""
    screen.shows("status ")
    assert screen.state() == "0 0 1"
    screen.press("echo typed-$((40+2))", "Enter")
    screen.shows("echo typed-", "typed-42")


def test_an_agent_comes_is_watched_goes_and_comes_back(namespace: Namespace) -> None:
    with screen_in(namespace) as screen:
        screen.shows("no agent answers on 127.0.0.1:10853", "next try in")
        with namespace.running(str(TRAFFIC)):
            with namespace.agent():
                screen.shows("Policy default", "● ok")
                screen.press("r")
                screen.shows("www.example.com", "Top NX", "missing.example.com", "NXDOMAIN")
                screen.press("2")
                screen.shows("Rates and quantiles", "queries")
                screen.press("1", "w")
                screen.shows("Window live")
            screen.shows("no agent answers", " s old", "www.example.com")
            with namespace.agent():
                screen.shows("● ok")
        screen.press("C-c")
        assert_clean(screen)
        screen.shows("status 0")


def test_a_wide_terminal_shows_everything_at_once(namespace: Namespace) -> None:
    with namespace.agent(), namespace.running(str(TRAFFIC)), screen_in(namespace, columns=200, rows=55) as screen:
        screen.shows("● ok", "www.example.com", "Top QName 2", "Top QTypes", "Top IPv4", "5 min", "q quit")
        screen.press("Tab", "Tab", "c")
        screen.shows("copied: ")  # which name leads the list changes while it is young
        assert screen.clipboard() in {"www.example.com", "mail.example.org", "missing.example.com"}
        screen.press("q")
        assert_clean(screen)


def test_a_signal_leaves_the_terminal_clean(namespace: Namespace) -> None:
    with screen_in(namespace) as screen:
        screen.shows("no agent answers")
        os.kill(screen.interface(), signal.SIGTERM)
        assert_clean(screen)


BROKEN = """
from pktvisor.tui.app import Terminal
from pktvisor.tui.watched import Request
from pktvisor.tui.watch import Watch
from pktvisor.tui.windows import DEFAULT

class Source:
    name, is_live = "broken", True
    def read(self, request):
        raise RuntimeError("a bug of ours")

Terminal(Watch(Source(), Request(DEFAULT), interval_s=1.0)).run()
"""


def test_a_failure_of_our_own_leaves_the_terminal_clean(namespace: Namespace) -> None:
    with screen_in(namespace, "-c", BROKEN) as screen:
        screen.shows("a bug of ours")
        assert_clean(screen)
