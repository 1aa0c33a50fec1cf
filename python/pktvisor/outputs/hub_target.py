"""Where the hub is, and with which files an agent shows who it is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pktvisor.config.urls import BrokerUrl, HttpUrl
from pktvisor.errors import ConfigError
from pktvisor.files import check_file, open_file
from pktvisor.outputs.certificates import load_own, reason_of

MOST_TOKEN_BYTES = 4096

Stamp: TypeAlias = tuple[tuple[int, int, int], ...]
"""What files are like: another one where one was replaced."""


@dataclass(frozen=True)
class HubTarget:
    """Where the hub is, and how to speak to it."""

    url: HttpUrl | BrokerUrl
    token_file: Path | None = None
    ca: Path | None = None
    """Authorities to trust instead of the system's."""
    cert: Path | None = None
    key: Path | None = None
    """The key of `cert`, where that is not in the same file."""

    def token(self) -> str:
        """Read the token. ConfigError where the file has none."""
        assert self.token_file is not None
        try:
            with open_file(self.token_file) as file:
                text = file.read(MOST_TOKEN_BYTES).decode("ascii").strip()
        except (OSError, ValueError) as error:
            raise ConfigError(f"no token can be read from {self.token_file}: {reason_of(error)}") from error
        if not text or not text.isprintable() or " " in text:
            raise ConfigError(f"{self.token_file} must hold one token, and nothing else")
        return text

    def secret(self) -> str:
        """Read the token, or give an empty text where there is no file for one."""
        return "" if self.token_file is None else self.token()

    def context(self) -> ssl.SSLContext | None:
        """Load the certificates. ConfigError where they can't be used; None without TLS."""
        if not self.url.is_tls:
            return None
        try:
            if self.ca is not None:
                check_file(self.ca)
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"no usable authorities in {self.ca}: {reason_of(error)}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert is not None:
            load_own(context, self.cert, self.key)
        return context

    def stamp(self) -> Stamp:
        """Tell what its certificates are like now."""
        files = [path for path in (self.ca, self.cert, self.key) if path is not None]
        try:
            found = [path.stat() for path in files]
        except OSError:
            return ()  # loading them tells
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)
