"""The project's own captures and what tshark counts in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "captures"
PACKET_CAPTURES = sorted(
    path for path in FOLDER.iterdir() if path.suffix in {".pcap", ".pcapng", ".gz", ".zst", ".lz4"}
)
CAPTURES = sorted([*PACKET_CAPTURES, *FOLDER.glob("*.fstrm")])


def counts_of(capture: Path) -> dict[str, Any]:
    """The counts beside a capture."""
    document: dict[str, Any] = json.loads((FOLDER / f"{capture.name.split('.')[0]}.counts.json").read_text())
    return document
