"""The C++ pktvisor's answers: which command made which, and where its captures lie.

The folder is not part of this repository. It is looked for at `PKTVISOR_SHARED`, else in `shared` beside
the repository.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pktvisor.handlers import handlers
from pktvisor.handlers.base import HandlerSettings
from pktvisor.policies.default import READER_HANDLERS
from support.measuring import Source, Wanted

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("PKTVISOR_SHARED", REPOSITORY.parent / "shared"))
CAPTURES = SHARED / "captures"
ANSWERS = CAPTURES / "peer-output"

WHY_SKIPPED = f"no answers of the C++ pktvisor in {ANSWERS}; PKTVISOR_SHARED names another folder"


@dataclass(frozen=True)
class Answer:
    """One run of the C++ pktvisor."""

    name: str
    source: Source
    wanted: tuple[Wanted, ...]
    periods: int

    def json(self) -> dict[str, Any]:
        """Give what it printed, by handler instance."""
        document: dict[str, Any] = json.loads((ANSWERS / f"{self.name}.json").read_bytes())
        if self.name.startswith("reader."):
            by_schema = document[f"{self.periods}m"]
            return {one.name: {schema: by_schema[schema]} for one in self.wanted for schema in [_schema(one)]}
        return {one.name: document[one.name] for one in self.wanted}

    def prometheus(self) -> str:
        return (ANSWERS / f"{self.name}.prom").read_text()


def reader_answers() -> list[Answer]:
    """Give the runs of its file tool: net, dns and dhcp of version 1.0."""
    return [_reader_answer(name, words) for name, words in _commands("pktvisor-reader")]


def handler_answers(output: str) -> list[Answer]:
    """Give the runs of single handlers over captures, all in one window; `output` is json or prom."""
    found = []
    for name, words in _commands("visor-dump"):
        kind, file, hosts, form, city, network, *modules = words
        if kind in READER_HANDLERS and form == output:
            wanted = [one for module in modules if (one := _wanted(module)) is not None]
            source = _source(file, hosts if hosts != "-" else "", "", _database(city), _database(network))
            found.append(Answer(f"handlers.{name}", source, tuple(wanted), periods=1))
    return found


def _commands(program: str) -> list[tuple[str, list[str]]]:
    if not ANSWERS.is_dir():
        return []
    lines = [line.split() for line in (ANSWERS / "COMMANDS.txt").read_text().splitlines()]
    return [(words[0], words[4:]) for words in lines if words[3:4] == [program]]


def _reader_answer(name: str, words: list[str]) -> Answer:
    parser = argparse.ArgumentParser()
    parser.add_argument("-H", dest="hosts", default="")
    parser.add_argument("-b", dest="filter_expression", default="")
    parser.add_argument("--periods", type=int, default=5)
    parser.add_argument("--geo-city")
    parser.add_argument("--geo-asn")
    parser.add_argument("file")
    said = parser.parse_args(words)
    source = _source(said.file, said.hosts, said.filter_expression, _database(said.geo_city), _database(said.geo_asn))
    wanted = tuple(Wanted(f"default-default-{module}", type_) for module, type_ in READER_HANDLERS["pcap"])
    return Answer(f"reader.{name}", source, wanted, said.periods)


def _source(file: str, hosts: str, filter_expression: str, city: Path | None, network: Path | None) -> Source:
    return Source(CAPTURES / Path(file).name, hosts, filter_expression, city, network)


def _database(name: str | None) -> Path | None:
    return None if name in (None, "-") else CAPTURES / Path(str(name)).name


def _wanted(module: str) -> Wanted | None:
    """Read `net@2.0:all`; None for a handler of packets that is not here."""
    spec, _, groups = module.partition(":")
    type_, _, version = spec.partition("@")
    version = version or "1.0"
    known = handlers().get((type_, version))
    if known is None or "pcap" not in known.inputs:
        return None
    return Wanted(f"{type_}_v{version[0]}", type_, version, HandlerSettings(enable=[groups] if groups else []))


def _schema(wanted: Wanted) -> str:
    return handlers()[wanted.type, wanted.version].schema
