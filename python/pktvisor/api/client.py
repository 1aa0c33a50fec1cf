"""The typed client of an agent's read-only routes. Works against the C++ agent as well: what it lacks is empty."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from pktvisor.api.cleaning import cleaned
from pktvisor.api.connection import Answer, Connection, Endpoint
from pktvisor.api.documents import (
    App,
    Inventory,
    PolicyMetrics,
    ShownInput,
    ShownPolicy,
    ShownTap,
    read_app,
    read_input,
    read_policy,
    read_policy_metrics,
    read_tap,
)
from pktvisor.api.faults import (
    AccessFault,
    ApiFault,
    BusyFault,
    DocumentFault,
    MissingFault,
    PeriodFault,
    ServerFault,
)
from pktvisor.escaping import printable

API = "/api/v1"
PERIOD_RANGE = re.compile(r"period.*\[(\d+), (\d+)\]")
LONGEST_REASON = 200
"""Characters of an agent's error text that are repeated."""


class Client:
    """Asks one agent. Every method raises an `ApiFault` where there is no good answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._connection = Connection(endpoint)

    def app(self) -> App:
        """Ask which agent it is."""
        return read_app(self._document(f"{API}/metrics/app"))

    def bucket(self, policy: str, number: int, *, is_detailed: bool = False) -> PolicyMetrics:
        """Ask for one bucket: 0 is live, 1 the last closed one; in detail, with bounds and what is missing in it."""
        return self._metrics(policy, f"bucket/{number}", is_detailed=is_detailed)

    def window(self, policy: str, number: int, *, is_detailed: bool = False) -> PolicyMetrics:
        """Ask for the merge of the `number` newest buckets, from 2 on; in detail as of one."""
        return self._metrics(policy, f"window/{number}", is_detailed=is_detailed)

    def policies(self) -> dict[str, ShownPolicy]:
        """Ask which policies there are."""
        document = self._document(f"{API}/policies")
        return {name: read_policy(name, value) for name, value in document.items() if isinstance(value, dict)}

    def taps(self) -> dict[str, ShownTap]:
        """Ask which taps there are."""
        document = self._document(f"{API}/taps")
        return {name: read_tap(name, value) for name, value in document.items() if isinstance(value, dict)}

    def inputs(self) -> dict[str, ShownInput]:
        """Ask which inputs there are, by name."""
        document = self._document(f"{API}/inputs")
        return {name: read_input(name, value) for name, value in document.items() if isinstance(value, dict)}

    def inventory(self) -> Inventory:
        """Ask what the agent runs. Agents without the routes for taps or inputs tell of them in their policies."""
        policies = self.policies()
        taps = {tap.name: tap for policy in policies.values() for tap in policy.taps}
        inputs = {one.name: one for policy in policies.values() for one in policy.inputs}
        with suppress(MissingFault):
            taps |= self.taps()
        with suppress(MissingFault):
            inputs |= self.inputs()
        return Inventory(policies, taps, inputs)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _metrics(self, policy: str, period: str, *, is_detailed: bool) -> PolicyMetrics:
        path = f"{API}/policies/{quote(policy, safe='')}/metrics/{period}{'?detail=true' if is_detailed else ''}"
        try:
            return read_policy_metrics(policy, self._answer(path))
        except MissingFault as fault:
            raise MissingFault(f'policy "{policy}" is not there') from fault

    def _document(self, path: str) -> dict[str, Any]:
        """Give the object that the agent answers, fit to be shown."""
        document: dict[str, Any] = cleaned(self._answer(path))
        return document

    def _answer(self, path: str) -> dict[str, Any]:
        """Give the object that the agent answers, as it is; `null`, which some say for none of a kind, is empty."""
        answer = self._connection.get(path)
        if answer.status != 200:
            raise _refusal(answer, path, self.endpoint)
        try:
            document = json.loads(answer.body)
        except RecursionError as error:
            raise DocumentFault(f"{self.endpoint} answers with JSON that is nested too deeply to {path}") from error
        except ValueError as error:
            raise DocumentFault(f"{self.endpoint} does not answer with JSON to {path}: {error}") from error
        if document is None:
            return {}
        if not isinstance(document, dict):
            raise DocumentFault(f"{self.endpoint} does not answer with a JSON object to {path}")
        return document


def _refusal(answer: Answer, path: str, endpoint: Endpoint) -> ApiFault:
    reason = _reason(answer.body)
    if (period := _period_fault(reason)) is not None:
        return period
    match answer.status:
        case 401 if endpoint.token is None:
            return AccessFault(f"{endpoint} wants a token: --token")
        case 401 | 403:
            return AccessFault(f"{endpoint} refuses this token{_because(reason)}")
        case 404:
            return MissingFault(f"{endpoint} has no {path}{_because(reason)}")
        case 429 | 503:
            wait = answer.retry_after
            retry_after_s = float(wait) if wait is not None and wait.isdecimal() else None
            return BusyFault(f"{endpoint} is busy{_because(reason)}", retry_after_s=retry_after_s)
        case status:
            return ServerFault(f"{endpoint} fails with status {status}{_because(reason)}")


def _reason(body: bytes) -> str:
    """Give the text in an error's body, on one line and fit to be shown."""
    text = body.decode(errors="replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        text = str(document.get("error", ""))
    return printable(" ".join(text.split())[:LONGEST_REASON])


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _period_fault(reason: str) -> PeriodFault | None:
    """Read which periods there are from a refusal that names them."""
    found = PERIOD_RANGE.search(reason)
    if found is None:
        return None
    return PeriodFault(
        reason, least=int(found.group(1)), most=int(found.group(2)), is_early="not yet accumulated" in reason
    )
