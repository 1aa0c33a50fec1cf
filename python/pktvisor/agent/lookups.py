"""Files that things are looked up in, and that may be replaced while the agent runs: databases of places and networks,
the list of public suffixes, the registry of services.

A file that has changed is read once it is at rest, lest a half-written one be taken. Where the new one can't be used,
that is logged once, and the old one goes on.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from pktvisor import _core
from pktvisor.config.services import read_services
from pktvisor.errors import PktvisorError
from pktvisor.inputs.faults import translated
from pktvisor.policies.policy import Databases

logger = logging.getLogger(__name__)

T = TypeVar("T")
Signature = tuple[int, int, int, int]
"""What changes where a file is replaced or written to: device, inode, size and time."""


class WatchedFile(Generic[T]):
    """One file, as it was read last."""

    def __init__(self, path: str, read: Callable[[str], T]) -> None:
        """Read it. Raises what `read` raises."""
        self._path = path
        self._read = read
        self._taken = self._last_seen = _signature(path)
        self._refused: tuple[Signature | None, ...] = ()
        """Of a file that could not be used, be it that there is none."""
        self.content = read(path)

    def has_changed(self) -> bool:
        """Tell whether there is another file, not tried yet, that nobody has written to since the last look."""
        seen = _signature(self._path)
        is_at_rest = seen == self._last_seen
        self._last_seen = seen
        return is_at_rest and seen not in (self._taken, *self._refused)

    def read_again(self) -> bool:
        """Read the file if it is another; tell whether there is something new."""
        signature = _signature(self._path)
        if signature == self._taken:
            return False
        try:
            self.content = self._read(self._path)
        except PktvisorError as error:
            if signature not in self._refused:
                logger.error("%s has changed but can't be used; the old one stays in use: %s", self._path, error)
            self._refused = (signature,)
            return False
        self._taken, self._refused = signature, ()
        logger.info("%s has changed and was read again", self._path)
        return True


def _signature(path: str) -> Signature | None:
    with contextlib.suppress(OSError):
        status = Path(path).stat()
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return None


class Lookups:
    """The databases that an agent's options name."""

    def __init__(
        self,
        city: str | None,
        network: str | None,
        cache_entries: int,
        *,
        suffix_list: str | None = None,
        services: str | None = None,
    ) -> None:
        """Open them. InputError, of the registry of services perhaps ConfigError, where one can't be used."""
        self._city = _watched(city, lambda path: _geo_database(path, "city"))
        self._network = _watched(network, lambda path: _geo_database(path, "network"))
        self._suffixes = _watched(suffix_list, read_suffix_list)
        self._services = _watched(services, read_services)
        self._cache_entries = cache_entries

    @property
    def databases(self) -> Databases:
        """Those that were opened last."""
        return Databases(
            city=_content(self._city),
            network=_content(self._network),
            suffixes=_content(self._suffixes),
            cache_entries=self._cache_entries,
            services=_content(self._services),
        )

    @property
    def _files(self) -> Iterator[WatchedFile[Any]]:
        return (file for file in (self._city, self._network, self._suffixes, self._services) if file is not None)

    def have_changed(self) -> bool:
        """Tell whether a file has changed and is at rest; to be asked now and then."""
        changed = [file.has_changed() for file in self._files]
        return any(changed)

    def read_again(self) -> bool:
        """Open those files anew that are others; tell whether there is something new."""
        changed = [file.read_again() for file in self._files]
        return any(changed)


def read_suffix_list(path: str) -> _core.SuffixList:
    """Read a public suffix list. InputError, with the line, where it is none."""
    with translated():
        return _core.SuffixList(path)


def _geo_database(path: str, kind: str) -> _core.GeoDatabase:
    with translated():
        return _core.GeoDatabase(path, kind)


def _watched(path: str | None, read: Callable[[str], T]) -> WatchedFile[T] | None:
    """The file that an option names, if it does."""
    return None if path is None else WatchedFile(path, read)


def _content(file: WatchedFile[T] | None) -> T | None:
    return None if file is None else file.content
