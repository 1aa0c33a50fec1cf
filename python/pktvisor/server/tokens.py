"""Tokens: who may use the interface, and how far.

A token file has one line for each: a name, a scope (`read`, `admin`, or with a hub `send`: what agents need, each a
token of its own name), and the token's SHA-256 as `sha256:` and 64
hexadecimal digits, or the token itself. Empty lines and those that begin with `#` say nothing.

    prometheus read  sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    deploy     admin sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pktvisor.errors import ConfigError
from pktvisor.files import open_file
from pktvisor.server.endpoint import AccessScope

PREFIX = "sha256:"
SHORTEST_TOKEN = 16
LARGEST_FILE_BYTES = 1024 * 1024
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Any name of a host is one, as a hub wants of its agents' tokens."""
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token by its digest; the token itself is not kept."""

    name: str
    scope: AccessScope
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made."""

    secret: str
    """What the client sends, as `Authorization: Bearer SECRET`. It is not kept anywhere."""
    line: str
    """The line for the token file."""


class Tokens:
    """The tokens of a file. Raises `ConfigError` where the file is not usable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tokens = read_tokens(path)

    def reload(self) -> None:
        """Read the file again. Raises `ConfigError`, and keeps what was there."""
        self._tokens = read_tokens(self._path)

    def find(self, secret: str) -> Token | None:
        """Give the token that `secret` is, taking as long whichever it is, and whether or not there is one."""
        digest = _digest(secret)
        found = None
        for token in self._tokens.values():
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def has(self, token: Token) -> bool:
        """Tell whether a token is there as it was: by its name, its scope and its secret."""
        return self._tokens.get(token.name) == token

    def __len__(self) -> int:
        return len(self._tokens)


def make_token(name: str, scope: AccessScope) -> NewToken:
    """Make a token of 256 random bits. Raises `ConfigError` for a name or scope that a token can't have."""
    _check_name(name)
    _check_scope(scope)
    secret = secrets.token_urlsafe(32)
    return NewToken(secret, f"{name} {scope} {PREFIX}{_digest(secret).hex()}")


def read_tokens(path: Path) -> Mapping[str, Token]:
    """Read a token file; give its tokens by name.

    Raises `ConfigError` where it can't be read, makes no sense, or others may read it.
    """
    try:
        with open_file(path) as file:
            _check_rights(path, os.fstat(file.fileno()).st_mode)
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the token file {path} can't be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE_BYTES:
        raise ConfigError(f"the token file {path} is larger than {LARGEST_FILE_BYTES} bytes")
    tokens = _read_lines(path, content.decode("utf-8", errors="replace"))
    if not tokens:
        raise ConfigError(f"the token file {path} contains no token, so nobody could use the API")
    return tokens


def _check_rights(path: Path, mode: int) -> None:
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        raise ConfigError(
            f"the token file {path} is readable by everyone or writable by others (mode {stat.S_IMODE(mode):04o}): "
            f"chmod 600 {path}"
        )


def _read_lines(path: Path, content: str) -> Mapping[str, Token]:
    found: dict[str, Token] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            token = _read_line(line.split())
            if token.name in found:
                raise ConfigError(f"the name {token.name} is used twice")
        except ConfigError as error:
            raise ConfigError(f"{path}, line {number}: {error}") from None
        found[token.name] = token
    return found


def _read_line(words: list[str]) -> Token:
    if len(words) != 3:
        raise ConfigError(f"a line must consist of a name, a scope and a token, not {len(words)} words")
    name, scope, secret = words
    _check_name(name)
    return Token(name, _check_scope(scope), _read_secret(secret))


def _read_secret(text: str) -> bytes:
    if text.startswith(PREFIX):
        digits = text.removeprefix(PREFIX).lower()
        if not DIGEST.fullmatch(digits):
            raise ConfigError(f"{PREFIX} must be followed by 64 hexadecimal digits")
        return bytes.fromhex(digits)
    if len(text) < SHORTEST_TOKEN:
        raise ConfigError(f"the token is shorter than {SHORTEST_TOKEN} characters")
    return _digest(text)


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is not a valid token name: use a letter, digit or _, followed by letters, digits, _ . or -"
        )


def _check_scope(scope: str) -> AccessScope:
    for known in get_args(AccessScope):
        if scope == known:
            return scope  # type: ignore[return-value]
    raise ConfigError(f"unknown scope {scope!r}: use {' or '.join(get_args(AccessScope))}")


def _digest(secret: str) -> bytes:
    # A token has enough random bits that no salt and no slow hash is needed.
    return hashlib.sha256(secret.encode("utf-8", errors="surrogatepass")).digest()
