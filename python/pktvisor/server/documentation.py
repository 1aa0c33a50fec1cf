"""The documentation of the version that runs, at `/docs`: the site that `make site` builds and wheels carry.

It is for everybody who reaches the server. It says nothing of this agent or its traffic, browsers have no token to
send, and who lacks a token finds there how to get one.
"""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

PATH = "/docs"
SITE = Path(__file__).parents[1] / "site"
NOT_BUILT = (
    "this pktvisor was installed without its documentation: `make site` in a clone builds it, and docs/README.md there "
    "is where the same pages begin\n"
)
HEADERS = {
    # Kept, but asked for anew (and answered by 304): pages must not outlive the version that they describe.
    "cache-control": "no-cache",
    # Files of the site and nothing else: its pages have no script and no style in them.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


def documentation_routes(site: Path = SITE) -> list[BaseRoute]:
    """The routes that serve the site in a folder; if it isn't there, they say how to get it."""
    if not site.is_dir():
        return [Route(PATH, _say_how), Mount(PATH, Route("/{path:path}", _say_how))]
    return [Route(PATH, _enter), Mount(PATH, SiteFiles(directory=site, html=True))]


class SiteFiles(StaticFiles):
    """The files of the site: starlette finds them, and tells their types and whether they changed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file and the headers of the site, or with the status alone."""
        try:
            await super().__call__(scope, receive, send)
        except HTTPException as error:
            await Response(status_code=error.status_code, headers=error.headers)(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Find the file. Raises `HTTPException` where there is none."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


async def _enter(_: Request) -> Response:
    """Lead to the first page, by a relative address: a proxy may serve the agent below a path of its own."""
    return RedirectResponse(f"{PATH.removeprefix('/')}/", status_code=301)


async def _say_how(_: Request) -> Response:
    return PlainTextResponse(NOT_BUILT, status_code=404)
