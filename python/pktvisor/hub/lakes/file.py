"""A lake in a directory."""

from __future__ import annotations

from pathlib import Path

from pktvisor.config.urls import LakeUrl
from pktvisor.errors import InputError
from pktvisor.hub.delta import LakePlace


def place(url: LakeUrl) -> LakePlace:
    """Make the directory. InputError where that fails."""
    directory = Path(url.path)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o750)
    except OSError as error:
        raise InputError(f"{directory} can't be made: {error.strerror}") from error
    return LakePlace(url.path, written=directory)
