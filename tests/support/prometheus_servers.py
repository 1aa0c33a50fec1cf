"""A Prometheus at work: it scrapes what it is told, and tells what it has read."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROMETHEUS = shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
PATIENCE_S = 60

Series = dict[tuple[tuple[str, str], ...], Any]
"""Values by labels, the name among them."""


class Prometheus:
    """A running server."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **parameters: str) -> Any:
        url = f"{self._url}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
            return json.load(response)["data"]

    def series(self, query: str) -> Series:
        """Ask for what a query gives now; the job's label is left out."""
        return {
            tuple(sorted(pair for pair in one["metric"].items() if pair[0] != "job")): one.get("histogram")
            or float(one["value"][1])
            for one in self.get("/api/v1/query", query=query)["result"]
        }

    def label_values(self, label: str, *, of: str) -> list[str]:
        """Ask for the values of a label of some series."""
        found: list[str] = self.get(f"/api/v1/label/{label}/values", **{"match[]": of})
        return found

    def wait_until_scraped(self, targets: int = 1) -> None:
        """Wait until so many targets have answered."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if list(self.series("up").values()).count(1.0) >= targets:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        failed = [one["lastError"] for one in self.get("/api/v1/targets")["activeTargets"] if one["lastError"]]
        raise AssertionError(f"not scraped: {failed}")


@contextmanager
def prometheus_server(folder: Path, config: str, *options: str) -> Iterator[Prometheus]:
    """Run one whose data go below this folder, with a configuration."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    files = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    assert PROMETHEUS is not None
    with (folder / "log").open("wb") as log:
        command = [PROMETHEUS, *files, f"--web.listen-address=127.0.0.1:{port}", *options]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)
