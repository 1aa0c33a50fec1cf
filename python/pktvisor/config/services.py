"""Names of services by port: the registry that an agent's options name, in IANA's form (CSV)."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError
from pktvisor.files import open_file

COLUMNS = ("Service Name", "Port Number", "Transport Protocol")
"""What IANA's CSV calls the columns that matter."""
MOST_PORT = 2**16 - 1
MOST_NAME_CHARACTERS = 60

Entry = tuple[str, int, int, bool]
"""A name, the first and the last of its ports, and whether it is of UDP."""


@dataclass(frozen=True)
class Services:
    """A registry as handlers use it."""

    core: _core.Services = field(compare=False)
    digest: str
    """The same for the same entries: what tells this registry from others."""


def read_services(path: str) -> Services:
    """Read a registry. InputError where the file can't be read, ConfigError where it is no registry."""
    try:
        with io.TextIOWrapper(open_file(path), newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path}: the registry of services has no column '{missing[0]}'")
            entries = list(_entries(rows))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: the registry of services can't be read: {error}") from error
    return Services(_core.Services(entries), hashlib.sha256(repr(entries).encode()).hexdigest()[:16])


def _entries(rows: Iterable[Mapping[str, str | None]]) -> Iterator[Entry]:
    """The entries of TCP and UDP that have a name and ports; all others don't matter."""
    for row in rows:
        name, ports, protocol = ((row[column] or "").strip() for column in COLUMNS)
        first, _, last = ports.partition("-")
        numbers = [int(text) for text in (first, last or first) if text.isascii() and text.isdigit() and len(text) < 6]
        if name and protocol in ("tcp", "udp") and len(numbers) == 2 and numbers[0] <= numbers[1] <= MOST_PORT:
            yield name[:MOST_NAME_CHARACTERS], numbers[0], numbers[1], protocol == "udp"
