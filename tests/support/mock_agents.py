"""Agents whose made-up traffic is so much that each window of two seconds has something in every list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.daemon import Daemon, daemon

GEO = Path(__file__).parents[1] / "fixtures" / "geo"
WINDOW_S = 2
CONFIG = """
version: "1.0"
visor:
  taps:
    site: {input_type: mock, config: {seed: 1, packets_per_second: 5000}}
  policies:
    default:
      kind: collection
      input: {tap: site, input_type: mock}
      handlers: {modules: {net: {type: net}, dhcp: {type: dhcp}, dns: {type: dns}, flow: {type: flow}}}
"""


@contextmanager
def mock_agent(folder: Path, *options: str) -> Iterator[Daemon]:
    """Run one, whose policy is `default`, with databases of places and networks."""
    file = folder / "agent.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    databases = ("--geo-city", str(GEO / "city.mmdb"), "--geo-asn", str(GEO / "asn.mmdb"))
    with daemon("--config", str(file), "--window-length", str(WINDOW_S), *databases, *options) as agent:
        yield agent
