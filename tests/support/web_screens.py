"""The screens of the page, as the server finds them: a new one is looked at by being there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from pktvisor.server import page as served
from support.browser import Visitor, ready
from support.daemon import Daemon
from support.web_agents import url_of

FIELD = re.compile(r'(\w+): (?:"([^"]*)"|\[([^\]]*)\])')
WINDOW = 2
"""Minutes that are shown: of windows that are shorter (see `web_agents`), so many windows."""


@dataclass(frozen=True)
class Screen:
    """What the one line of a file in `app/screens` says, and on whose page it is."""

    on: str
    """agent or hub: whose page it is on."""
    name: str
    title: str
    schemas: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.on}-{self.name}"


def all_screens() -> list[Screen]:
    """The screens of an agent, then those of a hub."""
    found = [served.SCREEN.search(body) for path, body in served.sources().items() if path.startswith("app/screens/")]
    lines = [line.group(1).decode() for line in found if line]
    return [screen for on in ("agent", "hub") for line in lines if (screen := _screen(line, on))]


def _screen(line: str, on: str) -> Screen | None:
    said = {name: (text, several) for name, text, several in FIELD.findall(line)}
    schemas = tuple(re.findall(r'"([^"]*)"', said.get("schemas", ("", ""))[1]))
    return Screen(on, said["name"][0], said["title"][0], schemas) if said["of"][0] in (on, "both") else None


def address(screen: Screen, server: Daemon) -> str:
    """Where a screen shows something: on an agent, of a policy that has what the screen is about."""
    if screen.on == "hub":
        return f"#/{screen.name}"
    for policy in ("edge", *server.get("/api/v1/policies")):
        handlers = server.get(f"/api/v1/policies/{policy}/declarations")["handlers"].values()
        if not screen.schemas or {one["schema"] for one in handlers} & set(screen.schemas):
            return f"#/{screen.name}?policy={policy}&window={WINDOW}"
    raise AssertionError(f"no policy has any of {screen.schemas}")


def opened(visitor: Visitor, server: Daemon, screen: Screen, **more: object) -> Page:
    """Open a screen, and wait until it shows figures."""
    page = visitor.open(url_of(server), address(screen, server), **more)
    main = ready(page, screen.title)
    # What can't be shown says so beside the mark of a fault.
    expect(main.locator(".state .mark.bad")).to_have_count(0)
    expect(main).to_contain_text(re.compile(r"\d"))
    return page
