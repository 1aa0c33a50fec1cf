"""What a hub keeps on disk: by what it is and how long its steps are, with its size and its bounds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from pktvisor.errors import InputError
from pktvisor.hub.hours import HOUR_S
from pktvisor.hub.hub import KINDS, Hub
from pktvisor.hub.journal import segment_paths
from pktvisor.outputs.json import Document


def storage(hub: Hub) -> Document:
    """Tell of all that is kept. InputError where its directory can't be looked at."""
    try:
        room = shutil.disk_usage(hub.settings.directory)
        return {
            "disk_bytes": room.total,
            "free_bytes": room.free,
            "most_bytes": hub.settings.most_disk_bytes,
            "memory_bytes": hub.minutes.held_bytes,
            "journal": _journal(hub),
            "kept": list(_kept(hub)),
        }
    except OSError as error:
        raise InputError(f"{hub.settings.directory} can't be looked at: {error.strerror}") from error


def _journal(hub: Hub) -> Document:
    sizes = [path.stat().st_size for path in segment_paths(hub.journal_directory)]
    waiting = sum(len(index) for index in list(hub.admission.hours.values()))
    return {"segments": len(sizes), "bytes": sum(sizes), "deliveries": waiting}


def _kept(hub: Hub) -> Iterator[Document]:
    """What is sealed, the first to go first: the agents' own windows, then merged ones by their steps."""
    for kind, step_s in KINDS:
        hours = hub.hours.hours(kind, step_s=step_s)
        files = hub.hours.files(kind, hours, step_s=step_s)
        yield {
            "kind": kind,
            "step_s": step_s,
            "files": len(files),
            "bytes": sum(path.stat().st_size for path in files),
            "from": hours[0] * HOUR_S if hours else None,
            "to": (hours[-1] + 1) * HOUR_S if hours else None,
            "days": hub.kept_days(step_s),
        }
