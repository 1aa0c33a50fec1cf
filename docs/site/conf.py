"""Sphinx's configuration of the documentation site: see docs/decisions/0023-documentation-site.md.

The pages are docs/ as it is, so that they read the same on a code host. docs/README.md is the index, and the order of
its links that of the navigation: a page that it doesn't name, and a link or an anchor that leads nowhere, fail the
build.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)")
SECTION = re.compile(r"^\| (?P<caption>[^|]*?) \| \|\n\|---\|---\|\n(?P<rows>(?:\|.*\n?)+)", re.MULTILINE)

project = "pktvisor"
version = release = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["site"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"pktvisor {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_use_index = False
templates_path = ["templates"]


def setup(app: Sphinx) -> None:
    """Hook in what Markdown on a code host says in its own way."""
    app.connect("source-read", _navigate)
    app.connect("source-read", _offer_files)
    app.connect("build-finished", _tidy)


def _navigate(app: Sphinx, page: str, source: list[str]) -> None:
    """Make the navigation: from the tables of the index; below the index of a folder, all its pages."""
    if page == root_doc:
        for section in SECTION.finditer(source[0]):
            pages = [target.removesuffix(".md") for target in LINK.findall(section["rows"]) if _is_page(app, target)]
            source[0] += _contents(*pages, caption=section["caption"])
    elif page.endswith(f"/{root_doc}"):
        source[0] += _contents("*", glob="")


def _contents(*pages: str, **options: str) -> str:
    lines = ["```{toctree}", ":hidden:", *(f":{name}: {value}" for name, value in options.items()), "", *pages, "```"]
    return "\n" + "\n".join(lines) + "\n"


def _is_page(app: Sphinx, target: str) -> bool:
    return target.endswith(".md") and (app.srcdir / target).resolve().is_relative_to(app.srcdir)


def _offer_files(app: Sphinx, page: str, source: list[str]) -> None:
    """Let links to files outside docs/ give the files: of a folder, its README."""
    folder = (app.srcdir / page).parent

    def offered(link: re.Match[str]) -> str:
        target = link[1]
        there = (folder / target).resolve()
        if there.is_relative_to(app.srcdir):
            return link[0]
        return f"](path:{target.rstrip('/')}/README.md" if there.is_dir() else f"](path:{target}"

    source[0] = LINK.sub(offered, source[0])


def _tidy(app: Sphinx, error: Exception | None) -> None:
    """Name the first page as servers expect it, and leave out what only the theme's authors need."""
    if error is None:
        out = Path(app.outdir)
        shutil.copy(out / f"{root_doc}.html", out / "index.html")
        for path in (*out.glob("_static/**/*.map"), out / ".buildinfo", out / "objects.inv"):
            path.unlink(missing_ok=True)
