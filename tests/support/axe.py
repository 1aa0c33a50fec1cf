"""What axe-core finds fault with on a page: barriers to people who see, hear or move otherwise.

It runs in a world of its own beside the page, whose Content Security Policy stays as it is.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RUN = """axe.run(document, {runOnly: %s, resultTypes: ["violations"]}).then(({ violations }) => JSON.stringify(
    violations.flatMap(({ id, help, nodes }) => nodes.map((one) =>
        `${id}: ${help}: ${one.html.slice(0, 200)} ${one.any.map(({ message }) => message).join("; ")}`))))"""


@functools.cache
def source() -> str:
    """The program; a test that needs it is skipped where it was not fetched."""
    if not SOURCE.exists():
        pytest.skip("needs axe-core: cd web && npm ci")
    return SOURCE.read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """Each barrier: the rule, what it says, and the element."""
    session = page.context.new_cdp_session(page)
    frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
    world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})["executionContextId"]

    def run(expression: str) -> Any:
        told = session.send(
            "Runtime.evaluate",
            {"expression": expression, "contextId": world, "awaitPromise": True, "returnByValue": True},
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    run(f"{source()}; 0")
    found: list[str] = json.loads(run(RUN % json.dumps(RULES)))
    session.detach()
    return found
