"""What the hub wants of agents, what these tell of it, and the difference."""

from __future__ import annotations

import functools
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pktvisor.agent.desired import Desired, Part, hash_of, read_parts
from pktvisor.config.hub_models import DesiredConfig
from pktvisor.errors import ConfigError, InputError
from pktvisor.hub.delivery import LONGEST_NAME, checked_tags
from pktvisor.hub.registry import Registry
from pktvisor.outputs.json import Document

MOST_REPORTS = 20_000
"""Agents whose last report is kept; those are forgotten first that were silent for longest."""
MOST_REPORT_BYTES = 256 * 1024
MOST_NAMES = 1000
"""Policies of the hub's at an agent: it has no more (`agent.swap.MOST_POLICIES`)."""
LONGEST_SENTENCE = 2000

State = Literal["as desired", "pending", "refused", "left out", "silent", "none"]


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent told when it asked last."""

    heard_ns: int
    tags: Mapping[str, str]
    known: str
    """Hash of the texts that it got last."""
    actual: str
    """Hash of those that are at work."""
    policies: Mapping[str, str]
    """Policies of the hub's that are at work, each with what tells its configuration from others."""
    left_out: tuple[str, ...] = ()
    """Taps and policies that the agent has ones of its own of."""
    error: str = ""
    trial: Mapping[str, object] = field(default_factory=dict)


class Reports:
    """The last report of each agent, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: OrderedDict[str, AgentReport] = OrderedDict()

    def note(self, agent: str, report: AgentReport) -> None:
        """Keep a report."""
        with self._lock:
            self._reports[agent] = report
            self._reports.move_to_end(agent)
            if len(self._reports) > MOST_REPORTS:
                self._reports.popitem(last=False)

    def find(self, agent: str) -> AgentReport | None:
        """Give the last report of an agent."""
        with self._lock:
            return self._reports.get(agent)

    def remove(self, agent: str) -> None:
        """Forget an agent."""
        with self._lock:
            self._reports.pop(agent, None)

    def names(self) -> list[str]:
        """Give the agents that have reported."""
        with self._lock:
            return list(self._reports)


def read_report(body: bytes, now_ns: int) -> AgentReport:
    """Read what an agent tells. InputError where it makes no sense."""
    if len(body) > MOST_REPORT_BYTES:
        raise InputError(f"a report has at most {MOST_REPORT_BYTES} bytes, not {len(body)}")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("the report is no JSON object") from None
    if not isinstance(told, dict):
        raise InputError("the report is no JSON object")
    return AgentReport(
        now_ns,
        checked_tags(told.get("tags", {})),
        _text(told, "known"),
        _text(told, "actual"),
        _texts(told.get("policies", {}), "policies"),
        tuple(_texts(dict.fromkeys(_list(told, "left_out"), ""), "left_out")),
        _text(told, "error", LONGEST_SENTENCE),
        _trial(told.get("trial", {})),
    )


def _text(told: Document, key: str, longest: int = LONGEST_NAME) -> str:
    found = told.get(key, "")
    if not isinstance(found, str) or len(found) > longest:
        raise InputError(f"{key} of the report must be a text of at most {longest} characters")
    return found


def _list(told: Document, key: str) -> list[str]:
    found = told.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InputError(f"{key} of the report must be a list of texts")
    return found


def _texts(found: object, key: str) -> dict[str, str]:
    if isinstance(found, dict) and len(found) <= MOST_NAMES:
        texts = [text for pair in found.items() for text in pair]
        if all(isinstance(text, str) and len(text) <= LONGEST_NAME for text in texts):
            return found
    raise InputError(f"{key} of the report must have at most {MOST_NAMES} texts of {LONGEST_NAME} characters")


def _trial(found: object) -> Mapping[str, object]:
    """What became of a trial: an error, or names by what would become of them."""
    told = found if isinstance(found, dict) else {}
    if isinstance(error := told.get("error"), str):
        return {"error": error[:LONGEST_SENTENCE]}
    policies = told.get("policies")
    if not isinstance(policies, dict):
        return {}
    kinds = ("added", "changed", "removed", "unchanged")
    return {"policies": {kind: [*_texts(dict.fromkeys(_list(policies, kind), ""), kind)] for kind in kinds}}


def parts_for(desired: Sequence[DesiredConfig], tags: Mapping[str, str]) -> tuple[Part, ...]:
    """The texts for an agent with these tags."""
    return tuple(Part(one.source, one.text, one.is_trial) for one in desired if one.agents.chooses(tags))


def mistakes_of_desired(desired: Sequence[DesiredConfig]) -> Iterator[ConfigError]:
    """Give what is wrong with texts that no agent would take."""
    for one in desired:
        try:
            read_parts([Part(one.source, one.text)])
        except ConfigError as error:
            yield error


def read_taken(parts: Sequence[Part]) -> Desired:
    """Read the texts that an agent is to take. ConfigError where they do not go together."""
    return read_parts([part for part in parts if not part.is_trial])


def difference_of(parts: Sequence[Part], report: AgentReport | None) -> Document:
    """Tell what an agent is to have, what it has, and how these differ."""
    document: Document = {"texts": [part.name for part in parts if not part.is_trial]}
    wanted = _wanted(tuple(parts))
    digests = wanted.digests
    if wanted.mistake:
        document["mistake"] = wanted.mistake
    actual = {} if report is None else report.policies
    left_out = () if report is None else report.left_out
    is_same = report is not None and report.actual == wanted.hash
    document |= {
        "state": _state(wanted.hash, report),
        "policies": list(digests),
        "missing": [name for name in digests if name not in actual and name not in left_out],
        "extra": [name for name in actual if name not in digests],
        "changed": [name for name in digests if not is_same and actual.get(name, digests[name]) != digests[name]],
        "left_out": list(left_out),
    }
    if report is not None:
        document["heard"] = report.heard_ns / 1_000_000_000
        if report.error:
            document["refusal"] = report.error
    trials = [part.name for part in parts if part.is_trial]
    if trials:
        document["dry_run"] = {"texts": trials, **(report.trial if report is not None else {})}
    return document


class _Wanted(NamedTuple):
    """Texts, read."""

    hash: str
    """Tells them from others; empty where there are none."""
    digests: Mapping[str, str]
    mistake: str = ""


@functools.lru_cache(maxsize=256)
def _wanted(parts: tuple[Part, ...]) -> _Wanted:
    """Read texts once for all agents that are to have them."""
    try:
        return _Wanted(hash_of(parts), read_taken(parts).digests)
    except ConfigError as error:
        return _Wanted(hash_of(parts), {}, str(error))


def _state(wanted: str, report: AgentReport | None) -> State:
    if report is None:
        return "silent" if wanted else "none"
    if report.known == wanted and report.error:
        return "refused"
    if report.actual != wanted:
        return "pending"
    return "left out" if report.left_out else "as desired" if wanted else "none"


def known_names(registry: Registry, reports: Reports) -> list[str]:
    """The agents that have sent or asked something."""
    return list(dict.fromkeys((*(agent.name for agent in registry.agents()), *reports.names())))


def tags_of(name: str, registry: Registry, reports: Reports) -> Mapping[str, str] | None:
    """The tags of an agent, as it told them last; None where it is not known."""
    report, agent = reports.find(name), registry.find(name)
    return report.tags if report is not None else agent.tags if agent is not None else None
