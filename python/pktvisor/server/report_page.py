"""The web page as one file about a capture: its scripts, its style and the documents that they would ask for."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping

from pktvisor.outputs.json import encode
from pktvisor.server import page

MODULES = "pktvisor/"
"""What names of modules begin with inside the file: there they are no files beside each other."""
SHEETS = ("style", "measures", "agent")
"""The style sheets of an agent's screens."""
NAMED = re.compile(rb"""(\bfrom |^import |\bimport\()"(\.[^"]+)\"""", re.MULTILINE)
"""Another module as a module names it: at its beginning, or when a screen is opened."""


def report_page(documents: Mapping[str, object], title: str) -> bytes:
    """Give the file. `documents` are those that the page asks for, by their paths below `/api/v1/`.

    It holds its scripts as addresses of data, which no strict policy but its own would let it run: that names each
    text that may run by its hash, and nothing from elsewhere.
    """
    sources = page.with_screens(page.sources(), _is_of_reports)
    modules = {path: _rewritten(path, sources[path]) for path in sorted(page.modules_reached(sources, NAMED))}
    imports = json.dumps({"imports": {f"{MODULES}{path}": _address(body) for path, body in modules.items()}})
    start = f'import "{MODULES}app/main.js";'
    style = "".join(sources[f"{name}.css"].decode() for name in SHEETS)
    policy = (
        f"default-src 'none'; script-src {_hash(imports)} {_hash(start)} data:; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    icon = base64.b64encode(sources["icon.svg"]).decode()
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(title)}</title>",
            f'<link rel="icon" href="data:image/svg+xml;base64,{icon}">',
            f'<style>{style}</style><script type="importmap">{imports}</script></head>',
            '<body><div id="app"></div><noscript>This report draws its figures by a script.</noscript>',
            f'<script type="application/json" id="documents">{_inert(encode(dict(documents)).decode())}</script>',
            f'<script type="module">{start}</script></body></html>\n',
        )
    ).encode()


def _is_of_reports(words: str) -> bool:
    """Whether a screen shows what a report holds: not one of hubs, nor one that asks a running program."""
    return 'of: "hub"' not in words and "isLive: true" not in words


def _rewritten(path: str, body: bytes) -> bytes:
    """Have a module name others as the file's map of modules does."""

    def rewrite(found: re.Match[bytes]) -> bytes:
        return found.group(1) + f'"{MODULES}{page.beside(path, found.group(2).decode())}"'.encode()

    return NAMED.sub(rewrite, body)


def _address(body: bytes) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(body).decode()}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inert(document: str) -> str:
    """Write JSON with nothing in it that a browser takes for the end of a script: names come from the network."""
    return document.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
