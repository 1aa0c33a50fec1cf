"""The golden agent: `pktvisord --config` over captures, and everything that it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pktvisor.server.process_metrics import PROCESS_METRICS
from support.captures import FOLDER as CAPTURES
from support.daemon import Daemon, daemon, eventually

FOLDER = Path(__file__).parents[1] / "golden" / "agent"
CONFIGURATION = FOLDER / "agent.yaml"

POLICIES = ("default", "authoritative", "failures", "names", "leases")
PATHS = (
    "/api/v1/taps",
    "/api/v1/policies",
    "/api/v1/metrics/bucket/1",
    "/api/v1/metrics/window/4",
    "/api/v1/policies/__all/metrics/bucket/2",
    *(f"/api/v1/policies/{name}/metrics/bucket/0" for name in POLICIES),
    *(f"/api/v1/policies/{name}/metrics/window/2" for name in ("default", "failures", "names")),
)
PROMETHEUS = ("/metrics", *(f"/api/v1/policies/{name}/metrics/prometheus" for name in POLICIES))


@dataclass(frozen=True)
class AgentAnswers:
    """What a running agent answers once it has read its captures."""

    json: dict[str, Any]
    """Documents by path."""
    prometheus: str
    """The texts of all Prometheus routes, each below its path."""


def agent_answers() -> AgentAnswers:
    with daemon("--config", str(CONFIGURATION), folder=CAPTURES) as running:
        eventually(lambda: not any(one["input"]["running"] for one in running.get("/api/v1/inputs").values()))
        return AgentAnswers({path: _without_memory(running.get(path)) for path in PATHS}, _texts(running))


def _texts(running: Daemon) -> str:
    texts = "".join(f"## {path}\n{running.text(path)}" for path in PROMETHEUS)
    return "".join(line for line in texts.splitlines(keepends=True) if not _is_of_process(line))


def _is_of_process(line: str) -> bool:
    """Whether a line tells what depends on the process: its memory, its age, what it was asked."""
    name = line.removeprefix("# HELP ").removeprefix("# TYPE ")
    return re.split(r"[ {]", name, maxsplit=1)[0] in PROCESS_METRICS


def _without_memory(document: Any) -> Any:
    """Give a document without what is held of memory, which depends on how tables happen to grow."""
    if not isinstance(document, dict):
        return document
    return {key: _without_memory(value) for key, value in document.items() if key != "memory"}
