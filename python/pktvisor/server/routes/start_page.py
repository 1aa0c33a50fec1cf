"""The page at `/`, which says where things are. It is made of the descriptions of routes, and shows nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from pktvisor.server.context import Context
from pktvisor.server.endpoint import Content, Endpoint, text

HTML_TYPE = "text/html; charset=utf-8"
PATH = "/"


def start_page(context: Context) -> Content:
    """Give the page."""
    return Content("\n".join(_lines(context)).encode(), HTML_TYPE)


def _lines(context: Context) -> Iterator[str]:
    document: dict[str, Any] = context.describe()
    title = escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><head><title>{title}</title></head><body>'
    yield f"<h1>{title}</h1><p>{escape(document['info']['summary'])}.</p>"
    yield '<p><a href="docs/">Documentation</a></p><ul>'
    for path, methods in document["paths"].items():
        # Relative addresses: a proxy may serve the agent below a path of its own.
        if "get" in methods and "{" not in path and path != PATH:
            link = escape(path.removeprefix("/"), quote=True)
            yield f'<li><a href="{link}">{escape(path)}</a>: {escape(methods["get"]["summary"])}</li>'
    yield "</ul></body></html>"


ENDPOINTS = (
    Endpoint(
        path=PATH,
        summary="A page that says where things are",
        answer=start_page,
        is_public=True,
        is_text=True,
        success=text("The page", HTML_TYPE),
    ),
)
