"""Asking the hub what it wants of this agent, and telling it what became of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pktvisor.config.tags import Tags
from pktvisor.errors import InputError
from pktvisor.outputs.http_post import Answer, Reply
from pktvisor.outputs.hub_connection import HubConnection, document_in, told
from pktvisor.outputs.hub_target import HubTarget

PATH = "/api/v1/agents/{}/desired"
MOST_ANSWER_BYTES = 8 << 20
"""Texts of a mebibyte, each of whose characters may take six in JSON."""
REQUEST_S = 10.0
MOST_HASH_CHARACTERS = 200
MOST_SENTENCE_CHARACTERS = 2000
"""Of what is told of an error."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent tells the hub."""

    known: str = ""
    """Hash of what it got last: the hub sends no more than what is not known."""
    actual: str = ""
    """Hash of what is at work."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """What tells the configuration of each policy of the hub's that is at work from others of its name."""
    left_out: tuple[str, ...] = ()
    """Names of taps and policies that the agent has ones of its own of."""
    error: str = ""
    """Why what is known is not at work; empty where it is."""
    trial: Mapping[str, object] = field(default_factory=dict)
    """What would become of texts that are to be tried."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the hub answers."""

    hash: str
    parts: object = None
    """The texts; None where they are known."""


class DesiredClient:
    """Asks one hub for one agent."""

    def __init__(self, hub: HubTarget, *, agent: str, version: str, tags: Tags) -> None:
        self._version = version
        self._tags = dict(tags)
        self._connection = HubConnection(
            hub,
            PATH.format(quote(agent, safe="")),
            {"Content-Type": "application/json"},
            version=version,
            most_reply_bytes=MOST_ANSWER_BYTES,
        )

    def ask(self, report: Report) -> Wanted:
        """Tell and ask. Raises `InputError` where the hub can't be asked, or answers something else."""
        said = {
            "version": self._version,
            "tags": self._tags,
            "known": report.known,
            "actual": report.actual,
            "policies": dict(report.policies),
            "left_out": list(report.left_out),
            "error": report.error[:MOST_SENTENCE_CHARACTERS],
            "trial": dict(report.trial),
        }
        found: list[Answer] = []

        def keep(answer: Answer) -> Reply:
            found.append(answer)
            return Reply("taken")

        reply = self._connection.post(json.dumps(said).encode(), keep, timeout_s=REQUEST_S)
        if not found:
            raise InputError(reply.reason)
        return _wanted(found[0])

    def abort(self) -> None:
        """End the request at work, from another thread."""
        self._connection.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _wanted(answer: Answer) -> Wanted:
    if not answer.is_success:
        raise InputError(told(answer))
    document = document_in(answer)
    found = document.get("hash")
    if not isinstance(found, str) or len(found) > MOST_HASH_CHARACTERS:
        raise InputError("its answer says nothing of policies")
    return Wanted(found, document.get("parts"))
