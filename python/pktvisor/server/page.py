"""The web page at `/`: the files of `pktvisor/web`, as they were written.

They are for everybody who reaches the server: they say nothing of this agent or its traffic, and who lacks a token
signs in there. What they show, they ask of the routes of the API.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pktvisor.server.replies import ExactRoute

FOLDER = Path(__file__).parents[1] / "web"
FIRST = "index.html"
SCREENS = "app/screens.js"
"""The module that lists the screens: it is made of the names of the files in `app/screens`."""
SUFFIXES = frozenset({".css", ".html", ".js", ".svg"})
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
ASKED_ANEW = "no-cache"
"""The first file names the others by their version, so that these never change: a page is never made of two."""
HEADERS = {
    "vary": "accept-encoding",
    # Scripts and styles of this server alone, and no text that becomes a script or markup.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page, ready to be sent."""

    type: str
    body: bytes
    compressed: bytes
    tag: str
    """Its entity tag (RFC 9110, section 8.8.3): of what is in it."""


def page_routes() -> list[BaseRoute]:
    """The routes of the page. Addresses in it are relative: a proxy may serve the agent below a path of its own."""
    return [ExactRoute("/", _first), ExactRoute("/web/{version}/{path:path}", _other)]


@functools.cache
def files() -> dict[str, File]:
    """The files by their paths below `web`."""
    return {path: _file(path, body) for path, body in sources().items()}


@functools.cache
def sources() -> dict[str, bytes]:
    """What the files of the page say, by path below `web`."""
    found = {
        file.relative_to(FOLDER).as_posix(): file.read_bytes()
        for file in sorted(FOLDER.rglob("*"))
        if file.suffix in SUFFIXES and file.is_file()
    }
    found[SCREENS] = _list_of_screens(found)
    found = {path: without_comments(body) if path.startswith("app/") else body for path, body in found.items()}
    found[FIRST] = found[FIRST].replace(b"</head>", _preloads(found) + b"</head>")
    return found


@functools.cache
def version() -> str:
    """Names what is in all files together."""
    return hashlib.sha256(b"".join(sources().values())).hexdigest()[:12]


COMMENT = re.compile(rb"^ *//[^\n]*|^ */\*\*.*?\*/ *$|/\*\* @\w+ [^\n]*?\*/ ?", re.MULTILINE | re.DOTALL)
SCREEN = re.compile(rb"^export const screen = \{(.*)\};$", re.MULTILINE)
IMPORT = re.compile(rb"""^import (?:[^"']*? from )?"(\.[^"]+)";$""", re.MULTILINE)


def without_comments(module: bytes) -> bytes:
    """Leave out comments and types, which are a quarter of what would be sent; lines keep their numbers."""
    return COMMENT.sub(lambda found: b"\n" * found.group().count(b"\n"), module)


def _list_of_screens(found: Mapping[str, bytes]) -> bytes:
    """Write the module that tells what each screen says of itself; its file is loaded once somebody opens it."""
    told = ["export const screens = ["]
    for path in screens_among(found):
        load = f'() => import("./{path.removeprefix("app/")}")'
        told.append(f"{{{words_of(found, path)}, load: {load} }},")
    return "\n".join([*told, "].sort((a, b) => a.order - b.order);\n"]).encode()


def screens_among(found: Mapping[str, bytes]) -> list[str]:
    """The files of screens: being in the folder is all that it takes."""
    return sorted(path for path in found if path.startswith("app/screens/"))


def words_of(found: Mapping[str, bytes], path: str) -> str:
    """What a screen says of itself, as the inside of an object. ValueError where it says nothing."""
    screen = SCREEN.search(found[path])
    if screen is None:
        raise ValueError(f"{path} has no line `export const screen = {{...}};`")
    return screen.group(1).decode()


def with_screens(found: Mapping[str, bytes], wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The files with only those screens whose words about themselves are wanted, and the list of these."""
    unwanted = {path for path in screens_among(found) if not wanted(words_of(found, path))}
    kept = {path: body for path, body in found.items() if path not in unwanted}
    return {**kept, SCREENS: _list_of_screens(kept)}


def _preloads(found: Mapping[str, bytes]) -> bytes:
    """Tell the browser at once of all modules that the page begins with, which it finds one by one else."""
    reached = modules_reached(found, IMPORT)
    return "".join(f'<link rel="modulepreload" href="web/{path}">\n' for path in sorted(reached)).encode()


def modules_reached(found: Mapping[str, bytes], naming: re.Pattern[bytes]) -> set[str]:
    """The modules that the first takes in, and these in turn; the last group of `naming` is the name of one."""
    reached, to_read = set(), ["app/main.js"]
    while to_read:
        path = to_read.pop()
        reached.add(path)
        for match in naming.finditer(found[path]):
            to_read += {beside(path, match.group(match.re.groups).decode())} - reached
    return reached


def beside(path: str, target: str) -> str:
    """The path of what a module names by its place relative to itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _file(path: str, body: bytes) -> File:
    if path == FIRST:
        body = body.replace(b'"web/', f'"web/{version()}/'.encode())
    kind, _ = mimetypes.guess_type(path)
    charset = "" if kind == "image/svg+xml" else "; charset=utf-8"
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return File(f"{kind}{charset}", body, gzip.compress(body, 9, mtime=0), tag)


async def _first(request: Request) -> Response:
    return _reply(files()[FIRST], request, ASKED_ANEW)


async def _other(request: Request) -> Response:
    file = files().get(request.path_params["path"])
    if file is None or request.path_params["version"] != version():
        return Response(status_code=404)
    return _reply(file, request, KEPT_FOR_GOOD)


def _reply(file: File, request: Request, keeping: str) -> Response:
    headers = {**HEADERS, "cache-control": keeping, "etag": file.tag}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, headers={**headers, "content-encoding": "gzip"}, media_type=file.type)
    return Response(file.body, headers=headers, media_type=file.type)
