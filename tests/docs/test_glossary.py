"""The glossary says what the tree says: its words stand for something there, for one thing each, and no others do."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pktvisor.metrics.expressions import schema

ROOT = Path(__file__).parents[2]
PYTHON, RUST = ROOT / "python" / "pktvisor", ROOT / "crates"
CORE = RUST / "core" / "src"
GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"

ROW = re.compile(r"^\| (?P<word>[a-z ]+) \| (?P<meaning>.+) \| (?P<code>.+) \| (?P<rivals>.*) \|$", re.MULTILINE)
TICKED = re.compile(r"`([^`]+)`")
RUST_DEFINITION = r"\b(?:struct|enum|trait|type|fn|mod|const) {name}\b"
RUST_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\]|\\.)*"', re.DOTALL)
"""Comments and strings: no identifiers."""
RUST_NAME = re.compile(
    r"\b(?:struct|enum|trait|type|fn|mod|const|static|let(?: mut)?) (?!mut\b)([A-Za-z_]\w*)|\b([a-z_]\w*): (?!:)"
)
WORD_OF_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Term:
    """A row of the glossary."""

    word: str
    places: tuple[str, ...]
    """Where it stands in the code."""
    rivals: tuple[str, ...]
    """Words that would mean the same, and are not used."""

    @property
    def class_name(self) -> str:
        """What a class would be called that is this."""
        return "".join(part.capitalize() for part in self.word.split())


def terms() -> list[Term]:
    found = ROW.findall(GLOSSARY.read_text(encoding="utf-8"))
    return [
        Term(word, tuple(TICKED.findall(code)), tuple(TICKED.findall(rivals)))
        for word, _, code, rivals in found
        if word != "word"
    ]


def is_there(place: str) -> bool:
    """Whether something is where the glossary says: `a::b::C` in the core, a column, or `a.b.C` in the package."""
    if "::" in place:
        return _is_in_core(place.split("::"))
    return place in schema() or _is_in_package(place.split("."))


def _is_in_core(parts: list[str]) -> bool:
    *path, last = parts
    whole = CORE.joinpath(*parts)
    if whole.with_suffix(".rs").is_file() or whole.is_dir():
        return True
    file = CORE.joinpath(*path)
    files = [one for one in (file.with_suffix(".rs"), file / "mod.rs") if one.is_file()]
    return any(re.search(RUST_DEFINITION.format(name=last), one.read_text(encoding="utf-8")) for one in files)


def _is_in_package(parts: list[str]) -> bool:
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["pktvisor", *parts[:count]]))
        except ModuleNotFoundError:
            continue
        for name in parts[count:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@functools.cache
def classes() -> dict[str, list[str]]:
    """The modules that define a class of a name."""
    found: dict[str, list[str]] = {}
    for path in sorted(PYTHON.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(".".join(path.relative_to(PYTHON).with_suffix("").parts))
    return found


def words_of(name: str) -> set[str]:
    """The words that an identifier is made of."""
    return {word.lower() for word in WORD_OF_NAME.findall(name)}


def python_names(text: str) -> Iterator[str]:
    """The names that a file gives to things: classes, functions, parameters, variables, fields."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def rust_names(text: str) -> Iterator[str]:
    """The names that a file gives to things: items, variables, fields and parameters."""
    for item, field in RUST_NAME.findall(RUST_TEXT.sub(" ", text)):
        yield item or field


@functools.cache
def used() -> dict[str, str]:
    """The words of all identifiers, each with a file that has it."""
    found: dict[str, str] = {}
    for folder, ending, names in ((PYTHON, "*.py", python_names), (RUST, "*.rs", rust_names)):
        for path in folder.rglob(ending):
            for name in set(names(path.read_text(encoding="utf-8"))):
                for word in words_of(name):
                    found.setdefault(word, f"{path.relative_to(ROOT)}: {name}")
    return found


def test_the_glossary_is_read_whole_and_in_order() -> None:
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    words = [term.word for term in terms()]
    assert len(words) == len(lines) > 30
    assert words == sorted(words)


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.word)
def test_a_word_stands_for_something_in_the_tree(term: Term) -> None:
    assert term.places
    assert [place for place in term.places if not is_there(place)] == []


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.word)
def test_a_word_means_one_thing(term: Term) -> None:
    """A class that is called as the word is the one that the glossary names."""
    named = {place for place in term.places if place.endswith(f".{term.class_name}")}
    defined = {f"{module}.{term.class_name}" for module in classes().get(term.class_name, [])}
    assert defined <= named


@pytest.mark.parametrize("term", [term for term in terms() if term.rivals], ids=lambda term: term.word)
def test_nothing_is_called_by_a_word_that_is_not_ours(term: Term) -> None:
    assert {rival: used()[rival] for rival in term.rivals if rival in used()} == {}


@pytest.mark.parametrize(
    "place", ["agent.local.Nobody", "nowhere.Policy", "engine::intake::Nobody", "nowhere::Source", "flow.nothing"]
)
def test_what_is_not_there_is_seen(place: str) -> None:
    assert not is_there(place)


def test_a_name_is_taken_apart_into_its_words() -> None:
    assert words_of("_HTTPSession_of2Dimensions") == {"http", "session", "of", "dimensions"}
    rust = 'struct Epoch { shard: u8 } fn run(job: &str) { let mut tally = sniffer::partition("x: y"); } // audit: no'
    assert set(rust_names(rust)) == {"Epoch", "shard", "run", "job", "tally"}
    assert set(python_names("def run(job):\n    tally = epoch\n")) == {"run", "job", "tally"}
