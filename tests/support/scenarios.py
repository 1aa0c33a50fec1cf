"""Golden scenarios: a policy over a capture of the lab, and the answers that lie beside it.

A folder `tests/golden/NAME` holds `policy.yaml`, `expected.json`, `expected.prom` and, where the policy asks tshark,
`tshark.json`; tests/golden/README.md says what stands in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from pktvisor.config import scalars
from pktvisor.config.models import ModuleConfig, PolicyConfig
from pktvisor.outputs import prometheus
from pktvisor.outputs.json import policy_document
from pktvisor.policies.instances import WindowDefaults, length_of
from pktvisor.policies.policy import Policy
from support.captures import FOLDER as CAPTURES
from support.configurations import module_settings, one_policy
from support.made_up import made_up_capture, made_up_frames
from support.measuring import Source, Wanted, policy_over

FOLDER = Path(__file__).parents[1] / "golden"
DATABASES = Path(__file__).parents[1] / "fixtures" / "geo"

POLICY, TAP = "golden", "lab"
KEYS = {
    "why",
    "capture",
    "made_up",
    "input_type",
    "hosts",
    "bpf",
    "geo_city",
    "geo_asn",
    "decapsulate",
    "handlers",
    "windows",
    "tshark",
}
DEFAULT_PERIODS = 5


@dataclass(frozen=True)
class Scenario:
    """What a folder's policy says."""

    name: str
    why: str
    """What the expectations must be, and from what that follows."""
    source: Source
    modules: tuple[Wanted, ...]
    periods: int
    length_s: int
    windows: tuple[str, ...]
    """Windows whose JSON is expected, named as the routes name them: `bucket/0`, `window/5`."""
    tshark: Mapping[str, Any]
    """Questions to tshark by window, module and path; see `support.tshark`."""

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def expected(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "expected.json").read_bytes())
        return document

    def told_by_tshark(self) -> dict[str, Any]:
        """Give tshark's answers, in the shape of the questions; nothing where there are none."""
        file = self.folder / "tshark.json"
        document: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
        return document


@dataclass(frozen=True)
class Answers:
    """What a scenario's policy gives."""

    json: dict[str, Any]
    """Policy documents by window."""
    prometheus: str
    """The text of the window that closed last, as a scrape gets it."""


def scenarios() -> Iterator[Scenario]:
    for file in sorted(FOLDER.glob("*/policy.yaml")):
        yield load(file)


def load(file: Path) -> Scenario:
    document = yaml.safe_load(file.read_text())
    strange = document.keys() - KEYS
    assert not strange, f"{file}: unknown keys {sorted(strange)}"
    policy = _policy(document["handlers"])
    window = policy.window or {}
    return Scenario(
        name=file.parent.name,
        why=document["why"],
        source=Source(
            _capture(file.parent.name, document),
            hosts=",".join(document.get("hosts", [])),
            filter_expression=document.get("bpf", ""),
            geo_city=_database(document.get("geo_city")),
            geo_asn=_database(document.get("geo_asn")),
            reads_flows=document.get("input_type") == "flow",
            decapsulates=document.get("decapsulate", False),
        ),
        modules=tuple(_wanted(module, window) for module in policy.modules),
        periods=scalars.number(window, "num_periods", DEFAULT_PERIODS),
        length_s=length_of(policy.window, WindowDefaults()),
        windows=tuple(document.get("windows", ["bucket/0"])),
        tshark=document.get("tshark", {}),
    )


def _capture(name: str, document: Mapping[str, Any]) -> Path:
    """The capture that lies there, or one of made-up traffic."""
    if "made_up" in document:
        return made_up_capture(name, made_up_frames(**document["made_up"]))
    return CAPTURES / str(document["capture"])


def _policy(handlers: Mapping[str, Any]) -> PolicyConfig:
    """Read the `handlers` as those of a whole policy."""
    body = {"kind": "collection", "input": {"tap": TAP, "input_type": "pcap"}, "handlers": handlers}
    return one_policy(yaml.safe_dump({"visor": {"policies": {POLICY: body}}}, sort_keys=False))


def _wanted(module: ModuleConfig, window: Mapping[str, Any]) -> Wanted:
    of_window = {key: value for key, value in window.items() if key not in {"num_periods", "length_s"}}
    settings = replace(module_settings(module), **of_window)
    return Wanted(f"{POLICY}-{TAP}-{module.name}", module.type, module.version, settings)


def _database(name: str | None) -> Path | None:
    return None if name is None else DATABASES / name


def answers(scenario: Scenario) -> Answers:
    """Run the policy over its capture."""
    policy, _ = policy_over(
        scenario.source, scenario.modules, periods=scenario.periods, length_s=scenario.length_s, tap=TAP
    )
    return Answers(
        json={window: _document(policy, window) for window in scenario.windows},
        prometheus=prometheus.render({POLICY: policy.latest(0)}),
    )


def _document(policy: Policy, window: str) -> dict[str, Any]:
    kind, number = window.split("/")
    read = {"bucket": policy.bucket, "window": policy.window}[kind]
    return policy_document(read(int(number), 0))


def as_text(document: Mapping[str, Any]) -> str:
    """Write JSON for people: one metric a line, top lists one entry a line."""
    return "".join(_lines(document, "")) + "\n"


def _lines(value: Any, indent: str) -> Iterator[str]:
    if not isinstance(value, list | dict) or not _is_deep(value):
        yield json.dumps(value, ensure_ascii=False, sort_keys=True)
        return
    opening, closing = "[]" if isinstance(value, list) else "{}"
    items = [("", item) for item in value] if isinstance(value, list) else sorted(value.items())
    for number, (key, item) in enumerate(items):
        yield f"{',' if number else opening}\n{indent} "
        yield f"{json.dumps(key)}: " if key else ""
        yield from _lines(item, f"{indent} ")
    yield f"\n{indent}{closing}"


def _is_deep(value: list[Any] | dict[str, Any]) -> bool:
    """Whether lists or objects are in it."""
    return any(isinstance(item, list | dict) for item in (value if isinstance(value, list) else value.values()))


def metric(documents: Mapping[str, Any], window: str, module: str, path: str) -> Any:
    """Give the metric of a module at a dotted path, whose keys may have dots; None where it is not there."""
    found = documents[window].get(f"{POLICY}-{TAP}-{module}", {})
    while path:
        keys = found if isinstance(found, dict) else {}
        key = next((key for key in keys if f"{path}.".startswith(f"{key}.")), None)
        if key is None:
            return None
        found, path = keys[key], path[len(key) + 1 :]
    return found
