"""Becoming another user: `--user`.

The process becomes that user before it opens anything, and keeps the rights that opening takes until everything is
open (see `pktvisor.cli.sandbox`). So what it makes belongs to that user, and no thread was ever root's.
"""

from __future__ import annotations

import grp
import logging
import os
import pwd
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pktvisor import _core
from pktvisor.cli.sandbox import Places
from pktvisor.config.options import File, options_of
from pktvisor.config.server_options import ServerOptions
from pktvisor.errors import ConfigError, InputError, PktvisorError, RightsError
from pktvisor.inputs.faults import translated

logger = logging.getLogger(__name__)

UNTIL_OPEN = ("net_raw", "net_admin", "net_bind_service", "dac_read_search")
"""Capabilities that opening takes: interfaces, large buffers for datagrams, low ports, files that only root reads."""
MOST_ID = (1 << 32) - 2
Given = TypeVar("Given")


@dataclass(frozen=True)
class Identity:
    """A user with his groups, by their numbers."""

    name: str
    user: int
    group: int
    groups: tuple[int, ...]


def become_user(name: str, places: Places) -> None:
    """Become this user for good, who has to be able to write in these places.

    Raises `ConfigError`, `RightsError`, `InputError`.
    """
    identity = identity_of(name)
    if os.getresuid() != (identity.user,) * 3:
        _become(identity)
    _without_capabilities(lambda: _check(identity, places))


def tell_unreadable(options: ServerOptions) -> None:
    """Log which files that options name can't be read again, once the rights to read all are given up."""
    command: type = type(options)
    files = [name for name, one in options_of(command).items() if _is_file(one.option)]
    told = {name: path for name in files if (path := getattr(options, name)) is not None and Path(path).is_file()}
    unreadable = _without_capabilities(lambda: [name for name in told if not os.access(told[name], os.R_OK)])
    for name in unreadable:
        logger.warning("user %s can't read %s (%s) again: its changes have no effect", options.user, told[name], name)


def identity_of(name: str) -> Identity:
    """Find a user: by name or number, with a group behind a colon where it is to be another than his own.

    Raises `ConfigError` for one that there is not, and for root.
    """
    said, colon, said_group = name.partition(":")
    entry = _user_entry(said)
    user = entry.pw_uid if entry is not None else _number(said)
    if user is None:
        raise ConfigError(f"user: there is no user {said!r} here")
    if user == 0:
        raise ConfigError(f"user: {name} is root: name a user without rights of his own")
    if colon:
        group = _group(said_group)
        groups: tuple[int, ...] = (group,)
    else:
        group = user if entry is None else entry.pw_gid  # who is in no list has the group of the same number
        groups = (group,) if entry is None else tuple(os.getgrouplist(entry.pw_name, group))
    if 0 in (group, *groups):
        raise ConfigError(
            f"user: {name} is in the group of root: name a user, or USER:GROUP, without rights of its own"
        )
    return Identity(name, user, group, groups)


def _user_entry(said: str) -> pwd.struct_passwd | None:
    number = _number(said)
    try:
        return pwd.getpwnam(said) if number is None else pwd.getpwuid(number)
    except (KeyError, ValueError):
        return None


def _group(said: str) -> int:
    number = _number(said)
    if number is not None:
        return number
    try:
        return grp.getgrnam(said).gr_gid
    except (KeyError, ValueError):
        raise ConfigError(f"user: there is no group {said!r} here") from None


def _number(said: str) -> int | None:
    is_number = said.isascii() and said.isdecimal() and len(said) <= len(str(MOST_ID))
    return int(said) if is_number and int(said) <= MOST_ID else None


def _become(identity: Identity) -> None:
    if os.geteuid() != 0:
        me = pwd.getpwuid(os.geteuid()).pw_name if _user_entry(str(os.geteuid())) else str(os.geteuid())
        raise RightsError(f"user: only root can become {identity.name}, not {me}: start as root, or leave user out")
    try:
        with translated():
            _core.become_user(identity.user, identity.group, identity.groups, UNTIL_OPEN)
    except PktvisorError as error:
        raise RightsError(f"user: {error}: it takes CAP_SETUID and CAP_SETGID") from error


def _check(identity: Identity, places: Places) -> None:
    """See that this user can do the work. Raises `InputError`."""
    for code in (Path(__file__), Path(os.__file__)):  # much is imported when it is needed
        if not os.access(code, os.R_OK):
            raise InputError(
                f"user: {identity.name} can't read {code.parent}: install pktvisor, and the Python that runs it, where "
                "all users can read them, such as below /opt"
            )
    owner = identity.name.partition(":")[0]
    for path in places.shared:
        if not _can_write(path):
            raise InputError(f"user: {owner} can't write in {path}: let that user write there, or name another place")
    for path in (*places.own, *chain.from_iterable(map(_entries, places.own))):
        if refusal := _refusal(path):
            raise InputError(f"user: {owner} {refusal.format(name=owner, path=path)}")


def _entries(directory: Path) -> Iterator[Path]:
    """Give what is in a directory of ours, which an earlier start as root may have made."""
    if os.access(directory, os.R_OK | os.X_OK):
        yield from sorted(directory.iterdir())


def _refusal(path: Path) -> str:
    """Say why what is ours can't be written; empty where it can, or can be made."""
    if os.access(path, os.F_OK):
        is_writable = _can_write(path)
        return (
            "" if is_writable else "can't write {path}: give it to that user (chown -R {name} {path}), or name another"
        )
    if _can_write(next(parent for parent in path.parents if os.access(parent, os.F_OK))):
        return ""
    return "can't make {path}: make it (install -d -o {name} {path}), or name another"


def _can_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and (path.is_file() or os.access(path, os.X_OK))


def _without_capabilities(work: Callable[[], Given]) -> Given:
    """Do something with a user's own rights alone: in a thread, for capabilities are those of a thread."""

    def give_up() -> None:
        _core.drop_capabilities([])

    with ThreadPoolExecutor(1, initializer=give_up) as thread:
        return thread.submit(work).result()


def _is_file(option: object) -> bool:
    return isinstance(option, File) and option.value == "FILE"
