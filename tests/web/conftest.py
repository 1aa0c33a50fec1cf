"""What the tests of the page share: a browser, somebody who looks, an agent and a hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.browser import Visitor, chromium
from support.daemon import Daemon
from support.page_server import PageServer, page_server
from support.web_agents import web_agent, web_hub


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file: while it runs, no other event loop can run in this thread."""
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Somebody who looks; the test fails where a page did what it must not (see `Visitor.leave`).

    A test names the server of its own before it: so the pages are closed before it goes.
    """
    looking = Visitor(browser)
    yield looking
    looking.leave()


@pytest.fixture
def made() -> Iterator[PageServer]:
    """A server made by hand, for one test."""
    with page_server() as running:
        yield running


@pytest.fixture(scope="session")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """An agent with the admin API, which tests must leave as it was."""
    folder: Path = tmp_path_factory.mktemp("agent")
    with web_agent(folder, "--admin-api") as running:
        yield running


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A hub with the admin API, which tests must leave as it was."""
    folder: Path = tmp_path_factory.mktemp("hub")
    with web_hub(folder, "--admin-api") as running:
        yield running


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Daemon]:
    """An agent without the admin API."""
    with web_agent(tmp_path) as running:
        yield running
