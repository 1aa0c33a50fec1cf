"""The page's Content Security Policy: what a fault in the page could do, the browser refuses."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Page

from support.browser import Visitor, ready, until
from support.page_server import PageServer

REFUSED = {
    "text becomes markup": (
        "() => { document.body.innerHTML = '<i id=evil>x</i>'; }",
        "require-trusted-types-for",
    ),
    "text becomes markup elsewhere": (
        "() => { new DOMParser().parseFromString('<i></i>', 'text/html'); }",
        "require-trusted-types-for",
    ),
    "text becomes a script": (
        "() => new Promise((done) => { const s = document.createElement('script'); s.text = 'evil = 1'; done(); })",
        "require-trusted-types-for",
    ),
    "a policy of trusted types is made": (
        "() => { trustedTypes.createPolicy('default', { createHTML: (text) => text }); }",
        "trusted-types",
    ),
    "a style as an attribute": (
        "() => { document.body.setAttribute('style', 'display: none'); }",
        "style-src-attr",
    ),
    "a handler as an attribute": (
        "() => { document.body.setAttribute('onclick', 'evil = 1'); }",
        "require-trusted-types-for|script-src-attr",
    ),
    "a question to somebody else": (
        "() => fetch('http://127.0.0.1:9/').then(() => {}, () => {})",
        "connect-src",
    ),
    "a picture of somebody else": (
        "() => { new Image().src = 'http://127.0.0.1:9/x.png'; }",
        "img-src",
    ),
    "a frame": (
        "() => { document.body.append(Object.assign(document.createElement('iframe'), { src: location.href })); }",
        "frame-src|child-src|default-src",
    ),
    "a form that leads elsewhere": (
        """() => { const f = Object.assign(document.createElement('form'), { action: 'http://127.0.0.1:9/' });
            document.body.append(f); f.submit(); }""",
        "form-action",
    ),
    "another base of addresses": (
        "() => { document.head.append(Object.assign(document.createElement('base'), { href: '/evil/' })); }",
        "base-uri",
    ),
}


@pytest.fixture
def page(made: PageServer, visitor: Visitor) -> Page:
    opened = visitor.open(made.url, "#/overview")
    ready(opened, "Overview")
    return opened


@pytest.mark.parametrize("way", REFUSED)
def test_the_browser_refuses(way: str, page: Page, visitor: Visitor) -> None:
    script, directive = REFUSED[way]
    refusal = re.compile(f"refused by the policy ({directive})")
    assert visitor.faults == []
    with suppress(Error):
        page.evaluate(script)
    until(lambda: any(map(refusal.search, visitor.faults)), page)
    visitor.forgive(".")
    assert page.locator("#evil").count() == 0
    assert page.evaluate("() => typeof evil") == "undefined"


def test_a_page_of_somebody_else_may_not_frame_it(made: PageServer, visitor: Visitor) -> None:
    around = visitor.context().new_page()
    around.goto("data:text/html,<iframe></iframe>")
    around.evaluate("address => { document.querySelector('iframe').src = address; }", made.url)
    until(lambda: around.frames[-1].url.startswith("chrome-error:"), around)
