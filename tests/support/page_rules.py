"""Rules of the page's modules, asked by themselves in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from support.browser import Visitor, ready
from support.page_server import PageServer

ASK = """async ([module, rule, ...given]) => {
  const main = document.querySelector('script[type="module"]').src;
  const rules = await import(new URL(module, main));
  return rules[rule](...given);
}"""

Ask = Callable[..., Any]
"""Called with the name of a rule and what is given to it."""


def opened(made: PageServer, visitor: Visitor) -> Page:
    """Open the page, whose modules are asked."""
    page = visitor.open(made.url, "#/overview")
    ready(page, "Overview")
    return page


def rules_of(page: Page, module: str) -> Ask:
    """Give what asks the rules of a module in `app`, as the page would."""
    return lambda rule, *given: page.evaluate(ASK, [module, rule, *given])
