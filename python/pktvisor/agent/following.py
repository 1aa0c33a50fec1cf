"""Does what a hub wants of this agent: asks it now and then, takes its policies whole or not at all, and reports.

What was taken last is kept in the state directory, so that a restart while the hub is away changes nothing.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pktvisor.agent.desired import Desired, Part, digest_of, parts_document, parts_of, read_parts
from pktvisor.agent.local import LocalAgent
from pktvisor.agent.tap import Origin
from pktvisor.api.catalogue import Changes
from pktvisor.api.keys import document_of
from pktvisor.errors import ConfigError, PktvisorError
from pktvisor.files import read_own, replace_own
from pktvisor.outputs.hub_desired import Report, Wanted
from pktvisor.outputs.push_thread import MOST_REASONS

logger = logging.getLogger(__name__)

FILE = "desired.json"
"""In the state directory: what was taken last."""
MOST_FILE_BYTES = 16 << 20
LEAST_OF_INTERVAL, MOST_OF_INTERVAL = 0.5, 1.5
"""A hub is asked after a random part of the interval, lest many agents come at once."""
LONGEST_END_S = 1.0


class Client(Protocol):
    """The way to a hub."""

    def ask(self, report: Report) -> Wanted:
        """Tell and ask. Raises `InputError`."""
        ...

    def abort(self) -> None:
        """End the request at work, from another thread."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Follower:
    """Follows one hub, from a thread of its own between `start` and `stop`."""

    def __init__(self, agent: LocalAgent, client: Client, *, interval_s: float, state_directory: Path | None) -> None:
        self._agent = agent
        self._client = client
        self._interval_s = interval_s
        self._file = None if state_directory is None else state_directory / FILE
        self._known = self._actual = ""
        self._parts: Sequence[Part] = ()
        self._desired: Desired | None = None
        """The texts that are known, read; None where they are not."""
        self._error = ""
        self._trial: Mapping[str, object] = {}
        self._reasons: set[str] = set()
        """Why the hub can't be asked, as far as that was told; empty where it can."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hub-policies", daemon=True)

    def restore(self) -> None:
        """Take what was taken last, before the hub is asked."""
        if self._file is None:
            return
        try:
            document = json.loads(read_own(self._file, most_bytes=MOST_FILE_BYTES))
            self._parts, self._known = parts_of(document["parts"]), str(document["hash"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ConfigError) as error:
            logger.warning("the policies that the hub gave last can't be read from %s: %s", self._file, error)
            return
        self._apply()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was taken stays."""
        self._stopping.set()
        self._client.abort()
        if self._thread.is_alive():
            self._thread.join(LONGEST_END_S)

    def _run(self) -> None:
        delay_s = random.uniform(0.0, min(1.0, self._interval_s))
        while not self._stopping.wait(delay_s):
            try:
                self.step()
            except Exception:  # a fault of ours must not end the following
                logger.exception("can't follow the hub")
            delay_s = self._interval_s * random.uniform(LEAST_OF_INTERVAL, MOST_OF_INTERVAL)
        self._client.close()

    def step(self) -> None:
        """Report, ask, and do what is wanted; what could not be done is tried again, also while the hub is away."""
        is_new = self._ask()
        had_error = self._error
        self._apply()
        if is_new or had_error != self._error:
            self._ask()  # nobody waits until the next time to learn what became of it

    def _ask(self) -> bool:
        """Report, and learn what is wanted; give whether that is new."""
        try:
            wanted = self._client.ask(self.report())
            self._note_hub(None)
            if wanted.parts is None or wanted.hash == self._known:
                return False
            self._parts, self._known, self._desired = parts_of(wanted.parts), wanted.hash, None
        except PktvisorError as error:
            self._note_hub(error)
            return False
        return True

    def report(self) -> Report:
        """Tell what is known, and what is at work."""
        policies = {
            name: digest_of(policy.basis.config)
            for name, policy in self._agent.policies.items()
            if policy.origin is Origin.HUB and policy.basis is not None
        }
        left_out = () if self._desired is None else tuple(self._agent.taken_names(self._desired.config))
        return Report(self._known, self._actual, policies, left_out, self._error, self._trial)

    def _apply(self) -> None:
        """Make taps and policies of the hub those that are known; where that fails, what was there goes on."""
        try:
            if self._desired is None:
                self._desired = self._read(is_with_trials=False)
            self._take(self._desired, is_dry_run=False)
        except PktvisorError as error:
            self._note_error(str(error))
        else:
            self._note_error("")
            if self._actual != self._known:
                self._actual = self._known
                self._save()
        self._trial = self._tried()

    def _read(self, *, is_with_trials: bool) -> Desired:
        desired = read_parts([part for part in self._parts if is_with_trials or not part.is_trial])
        for warning in desired.config.warnings:
            logger.warning("hub: %s", warning)
        return replace(desired, config=replace(desired.config, warnings=()))

    def _take(self, desired: Desired, *, is_dry_run: bool) -> Changes:
        try:
            return self._agent.take_over(desired.config, is_dry_run=is_dry_run, origin=Origin.HUB)
        except ConfigError as error:
            raise desired.located(error) from None

    def _tried(self) -> Mapping[str, object]:
        """What would become of the texts that are to be tried, together with the others; empty where there are none."""
        if not any(part.is_trial for part in self._parts):
            return {}
        try:
            changes = self._take(self._read(is_with_trials=True), is_dry_run=True)
        except PktvisorError as error:
            return {"error": str(error)}
        return {"policies": document_of(changes.policies)}

    def _save(self) -> None:
        if self._file is None:
            return
        document = {"hash": self._actual, "parts": parts_document(self._parts)}
        try:
            replace_own(self._file, json.dumps(document).encode(), is_synced=True)
        except OSError as error:
            logger.warning("the policies of the hub can't be kept in %s: %s", self._file, error.strerror)

    def _note_error(self, error: str) -> None:
        if error and error != self._error:
            logger.error("the policies of the hub are not taken, and what was there goes on: %s", error)
        self._error = error

    def _note_hub(self, error: PktvisorError | None) -> None:
        """Say that the hub can't be asked, once for each reason, and once that it can again."""
        if error is None:
            if self._reasons:
                logger.info("the hub can be asked for policies again")
            self._reasons.clear()
        elif str(error) not in self._reasons and len(self._reasons) < MOST_REASONS:
            self._reasons.add(str(error))
            logger.warning("the hub can't be asked for policies; what was there goes on: %s", error)
