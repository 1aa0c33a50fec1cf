"""A hub on loopback, which takes bodies and answers as it is told."""

from __future__ import annotations

import json
import ssl
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pktvisor.outputs.http_post import Reply
from support.http_receiver import Answer, HttpReceiver, answer, serving


@dataclass
class Hub(HttpReceiver):
    """What has arrived, and what is answered: `answers` first, then that all is stored."""

    def usual(self) -> Answer:
        return receipt()


class NoHub:
    """The way to a hub that nobody goes."""

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        raise AssertionError("nothing is to be sent")

    def abort(self) -> None:
        return

    def close(self) -> None:
        return


def receipt(stored: int = 1, duplicate: int = 0, refused: int = 0) -> Answer:
    """Take a body."""
    document = {"stored": stored, "duplicate": duplicate, "refused": refused}
    return answer(200, json.dumps(document).encode(), Content_Type="application/json")


def refusal(status: int, error: str, **headers: str) -> Answer:
    """Take nothing, and say why."""
    return answer(status, json.dumps({"error": error}).encode(), Content_Type="application/json", **headers)


def hub(*answers: Answer, port: int = 0, tls: ssl.SSLContext | None = None) -> AbstractContextManager[Hub]:
    """Run a hub."""
    return serving(Hub(port=port, answers=list(answers)), tls)
