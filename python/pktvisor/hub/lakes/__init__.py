"""Places for lakes. One kind, one file, called as the kind of URL that leads there; being here is all that it takes."""

from __future__ import annotations

import importlib

from pktvisor.config.urls import LakeUrl
from pktvisor.hub.delta import LakePlace


def place(url: LakeUrl) -> LakePlace:
    """Make a place ready. InputError where it can't be used."""
    made: LakePlace = importlib.import_module(f"{__name__}.{url.kind}").place(url)
    return made
