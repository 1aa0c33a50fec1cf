"""Names of services by port: the registry that an agent's options name, in IANA's form (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError
from pktvisor.files import open_file

COLUMNS = ("Service Name", "Port Number", "Transport Protocol")
"""What IANA's CSV calls the columns that matter."""
MOST_BYTES = 16 << 20
"""IANA's registry has 1.2 MB."""
MOST_NAMED = 1_000_000
"""Ports of all entries together; IANA's name some 80,000, since many have several names."""
MOST_PORT = 2**16 - 1
MOST_NAME_CHARACTERS = 60

Entry = tuple[str, int, int, bool]
"""A name, the first and the last of its ports, and whether it is of UDP."""


def read_services(path: str) -> _core.Services:
    """Read a registry. InputError where the file can't be read, ConfigError where it is no registry."""
    try:
        with open_file(path) as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ConfigError(f"{path} is larger than a registry of services may be: {MOST_BYTES >> 20} MB")
        rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            raise ConfigError(f"{path}: the registry of services has no column '{missing[0]}'")
        return _core.Services(list(_bounded(_entries(rows), rows, path)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: the registry of services can't be read: {error}") from error


def _bounded(entries: Iterable[Entry], rows: csv.DictReader[str], path: str) -> Iterator[Entry]:
    """Give entries as long as they don't name far more ports than there are."""
    named = 0
    for entry in entries:
        named += entry[2] - entry[1] + 1
        if named > MOST_NAMED:
            raise ConfigError(f"{path}:{rows.line_num}: the registry of services names more than {MOST_NAMED} ports")
        yield entry


def _entries(rows: Iterable[Mapping[str, str | None]]) -> Iterator[Entry]:
    """The entries of TCP and UDP that have a name and ports; all others don't matter."""
    for row in rows:
        name, ports, protocol = ((row[column] or "").strip() for column in COLUMNS)
        first, _, last = ports.partition("-")
        numbers = [int(text) for text in (first, last or first) if text.isascii() and text.isdigit() and len(text) < 6]
        if name and protocol in ("tcp", "udp") and len(numbers) == 2 and numbers[0] <= numbers[1] <= MOST_PORT:
            yield name[:MOST_NAME_CHARACTERS], numbers[0], numbers[1], protocol == "udp"
