"""Record pictures of the web page: docs/pictures/page-*.png, of an agent and a hub with made-up traffic.

Usage: python docs/page_pictures.py [NAME...]: those of these names, such as agent-dns-dark-desk, or those that the
handbook shows. With `--all FOLDER` it records every screen there, light and dark, wide and narrow, to look at.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

from support.browser import DESK, PHONE, THEMES, Theme, Visitor, chromium, ready  # noqa: E402 (in the tests' folder)
from support.daemon import Daemon  # noqa: E402
from support.web_agents import url_of, web_agent, web_hub  # noqa: E402
from support.web_screens import Screen, address, all_screens  # noqa: E402

PICTURES = REPOSITORY / "docs" / "pictures"
WINDOW_S = 20
"""Of the agent: long enough for figures that look like a site's, short enough to wait for three of them."""
AGENTS, MINUTES = 60, 25
"""Of the hub's fleet: some rows of squares, and half an hour of history."""
SIZES = {"desk": DESK, "phone": PHONE}
SETTLED_MS = 2000
SHOWN = (
    "agent-overview-light-desk",
    "agent-overview-dark-phone",
    "agent-dns-dark-desk",
    "agent-net-light-desk",
    "agent-policies-light-desk",
    "hub-fleet-light-desk",
    "hub-history-dark-desk",
    "hub-tops-light-desk",
)
"""Those that README and handbook show."""


def main() -> None:
    """Record the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="names of pictures (default: all that the handbook shows)")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every screen, into this folder")
    said = parser.parse_args()
    folder = said.all or PICTURES
    folder.mkdir(exist_ok=True)
    wanted = said.names or (None if said.all else SHOWN)
    with servers() as running, chromium("--force-device-scale-factor=1") as browser:
        for screen in all_screens():
            for theme in THEMES:
                for size in SIZES:
                    name = f"{screen}-{theme}-{size}"
                    if wanted is None or name in wanted:
                        take(Visitor(browser), running[screen.on], screen, theme, size, folder / f"page-{name}.png")


@contextmanager
def servers() -> Iterator[dict[str, Daemon]]:
    """Run an agent and a hub until they have much to show."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = ("--admin-api", "--window-length", str(WINDOW_S))
        with (
            web_agent(folder, *options) as agent,
            web_hub(folder, "--admin-api", agents=AGENTS, minutes=MINUTES) as hub,
        ):
            yield {"agent": agent, "hub": hub}


def take(visitor: Visitor, server: Daemon, screen: Screen, theme: Theme, size: str, path: Path) -> None:
    """Record what is seen of a screen without scrolling."""
    where = address(screen, server) + ("?range=1h" if screen.on == "hub" else "")
    page = visitor.open(url_of(server), where, theme=theme, size=SIZES[size])
    ready(page, screen.title)
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=path)
    visitor.forgive(".")  # faults are for the tests to tell
    visitor.leave()
    sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
