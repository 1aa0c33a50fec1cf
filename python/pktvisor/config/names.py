"""Names of taps, policies and handlers."""

from __future__ import annotations

import re

from pktvisor.errors import ConfigError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")


def check_name(name: str) -> None:
    """ConfigError for a name that can't stand in a path of the REST API."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"invalid module name: {name[:60]}",
            hint="it must start with a letter or _ and consist of letters, digits, _ and -",
        )
