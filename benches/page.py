"""Measure the web page: how soon it is there, what it takes over the line, how it scrolls, what it costs the agent.

    python benches/page.py [--agents 1000] [--record]
    python benches/page.py --only paint bytes

An agent with made-up traffic and a hub with a fleet are on loopback; Chromium without a screen looks at them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import record
from figures import Figure, table
from traffic import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "tests"))

from playwright.sync_api import Browser, Page

from support.browser import Visitor, chromium, ready, until
from support.daemon import Daemon
from support.web_agents import url_of, web_agent, web_hub
from support.web_screens import Screen, address, all_screens

RUNS = 7
PAGES = (1, 20)
SECONDS = 20
SCROLLED_FRAMES = 600
LATE_MS = 25
"""Half a frame more than a frame has: from then on one was left out."""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)[0]"
TAKEN = """() => performance.getEntriesByType("resource").filter((one) => one.name.includes("/web/"))
    .map((one) => one.encodedBodySize)"""
SCROLL = """(frames) => new Promise((done) => {
    const times = [];
    const frame = (time) => {
        times.push(time);
        scrollBy(0, times.length % 80 < 40 ? 120 : -120);
        if (times.length > frames) done(times.slice(1).map((one, i) => one - times[i]));
        else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""


@dataclass
class Bench:
    """What is looked at, and by what."""

    browser: Browser
    agent: Daemon
    hub: Daemon

    def server(self, screen: Screen) -> Daemon:
        return self.hub if screen.on == "hub" else self.agent

    def open(self, screen: Screen) -> Page:
        """Open a screen in a browser that knows nothing yet."""
        server = self.server(screen)
        page = Visitor(self.browser).open(url_of(server), address(screen, server))
        ready(page, screen.title)
        return page


def named(name: str) -> Screen:
    return next(screen for screen in all_screens() if str(screen) == name)


def paint(bench: Bench) -> list[Figure]:
    """Time from the address to the first text, of a browser that has nothing of the page yet."""
    times = []
    for _ in range(RUNS):
        page = bench.open(named("agent-overview"))
        until(lambda page=page: page.evaluate(PAINTED) is not None, page)  # type: ignore[misc]
        times.append(page.evaluate(PAINTED))
        page.context.close()
    return [Figure("page first paint", statistics.median(times), "ms")]


def taken(bench: Bench) -> list[Figure]:
    """Compressed bytes of the page's files, without headers, by screen."""
    figures = []
    for screen in all_screens():
        page = bench.open(screen)
        files = page.evaluate(TAKEN)
        figures.append(Figure(f"page bytes {screen}", sum(files) / 1000, "kB"))
        page.context.close()
    most = max(figure.value for figure in figures)
    return [*figures, Figure("page bytes", most, "kB at most")]


def frames(bench: Bench) -> list[Figure]:
    """Frames a second while the fleet's table scrolls: the median, the mean, and how many took two or more."""
    page = bench.open(named("hub-fleet"))
    spans = page.evaluate(SCROLL, SCROLLED_FRAMES)
    page.context.close()
    return [
        # Browsers tell times to a tenth of a millisecond: 16.7 is a sixtieth of a second.
        Figure("page fleet frames", round(1000 / statistics.median(spans)), "frames/s"),
        Figure("page fleet mean frames", 1000 / statistics.mean(spans), "frames/s"),
        Figure("page fleet slow frames", 100 * sum(span > LATE_MS for span in spans) / len(spans), "% too late"),
    ]


def cost(bench: Bench) -> list[Figure]:
    """CPU of the agent while browsers look at its overview, each of its own."""

    def spent() -> float:
        before, begin = cpu_seconds(bench.agent), time.monotonic()
        page.wait_for_timeout(SECONDS * 1000)
        return 100 * (cpu_seconds(bench.agent) - before) / (time.monotonic() - begin)

    page = bench.browser.new_page()
    alone = spent()
    figures = [Figure("page no viewer", alone, "% of a core")]
    opened: list[Page] = []
    for number in PAGES:
        while len(opened) < number:
            opened.append(bench.open(named("agent-overview")))
        figures.append(Figure(f"page {number} viewers", spent() - alone, "% of a core more"))
    for one in opened:
        one.context.close()
    page.close()
    return figures


def cpu_seconds(server: Daemon) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


SECTIONS: dict[str, Callable[[Bench], list[Figure]]] = {
    "paint": paint,
    "bytes": taken,
    "frames": frames,
    "cost": cost,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="only these sections")
    parser.add_argument("--agents", type=int, default=1000, help="of the fleet (default: %(default)s)")
    parser.add_argument("--record", action="store_true", help="keep the figures in benches/results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        with (
            web_agent(folder, "--window-length", "60") as agent,
            web_hub(folder, agents=options.agents, minutes=2) as hub,
        ):
            bench = Bench(browser, agent, hub)
            figures = [figure for section in options.only for figure in SECTIONS[section](bench)]
    print(table(figures))
    if options.record:
        record.keep(figures)


if __name__ == "__main__":
    main()
