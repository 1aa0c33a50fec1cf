"""The registry of service names: checked where it is named, since no handler shows names of ports yet."""

from __future__ import annotations

import csv
import io
import logging

from pktvisor.errors import ConfigError, InputError
from pktvisor.files import open_file

logger = logging.getLogger(__name__)

COLUMNS = ("Service Name", "Port Number", "Transport Protocol")
"""What IANA's CSV calls the columns that matter."""


def check_registry(path: str) -> None:
    """Raise `InputError` or `ConfigError` where the file is no registry; say that it is not used."""
    try:
        with io.TextIOWrapper(open_file(path), newline="", encoding="utf-8") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: the registry of services can't be read: {error}") from error
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise ConfigError(f"{path}: the registry of services has no column '{missing[0]}'")
    logger.warning("%s: this release shows no names of services; ports appear as numbers", path)
