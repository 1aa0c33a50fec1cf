"""What takes long has few places: the others wait, or are refused, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx2

from pktvisor.server.context import MOST_QUESTIONS, MOST_QUESTIONS_WAITING, TAKING_THREADS, Context
from pktvisor.server.endpoint import Answer, Endpoint, Refusal
from pktvisor.server.rooms import Room
from pktvisor.server.settings import ServerSettings
from pktvisor.server.web_server import WebServer
from support.agents import FakeAgent
from support.serving import PATIENCE_S, UNHURRIED, until

WIDE = replace(UNHURRIED, most_connections_per_client=200)
QUESTIONS = MOST_QUESTIONS + MOST_QUESTIONS_WAITING


def test_who_finds_no_place_waits_and_who_finds_no_room_to_wait_is_refused() -> None:
    async def story() -> list[str]:
        room, told, is_done = Room(1, most_waiting=1), [], asyncio.Event()

        async def ask(name: str) -> None:
            try:
                async with room:
                    told.append(f"{name} is answered")
                    await is_done.wait()
            except Refusal as refusal:
                told.append(f"{name} is refused: {refusal.status}, {refusal.headers['retry-after']}")

        asked = [asyncio.create_task(ask(name)) for name in ("first", "second", "third")]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        is_done.set()
        await asyncio.gather(*asked)
        await ask("fourth")
        return told

    told = asyncio.run(story())
    assert told == ["first is answered", "third is refused: 503, 2", "second is answered", "fourth is answered"]


class Questions:
    """Routes whose answers wait until they may go on."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.lock = threading.Lock()
        self.begun = 0

    def slow(self, _context: Context) -> dict[str, object]:
        with self.lock:
            self.begun += 1
        assert self.may_answer.wait(2 * PATIENCE_S)
        return {}

    def endpoints(self) -> tuple[Endpoint, ...]:
        told = Answer("Nothing", {"type": "object"})
        return (
            Endpoint(path="/slow", summary="Slow", answer=self.slow, success=told, takes_long=True),
            Endpoint(path="/quick", summary="Quick", answer=lambda _context: {}, success=told),
            Endpoint(
                path="/take",
                method="POST",
                scope="send",
                summary="Take",
                answer=lambda _context, **_sent: {},
                body_types=("application/x-test",),
                success=told,
            ),
        )


@contextmanager
def asked_too_much(questions: Questions) -> Iterator[str]:
    """A server that is asked one question more than it can answer or let wait; gives its address."""
    settings = ServerSettings(host="127.0.0.1", port=0, bounds=WIDE)
    server = WebServer(FakeAgent(), settings, {"test": questions.endpoints()})
    server.start()
    address = f"http://{server.host}:{server.port}"
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(httpx2.get(f"{address}/slow", timeout=2 * PATIENCE_S).status_code)

    askers = [threading.Thread(target=ask) for _ in range(QUESTIONS + 1)]
    try:
        for asker in askers:
            asker.start()
        assert until(lambda: statuses == [503])
        yield address
    finally:
        questions.may_answer.set()
        for asker in askers:
            asker.join()
        server.stop()
    assert sorted(statuses) == [200] * QUESTIONS + [503]


def test_questions_that_take_long_keep_nobody_else_waiting() -> None:
    questions = Questions()
    with asked_too_much(questions) as address:
        assert questions.begun == MOST_QUESTIONS
        reply = httpx2.get(f"{address}/slow")
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
        for _ in range(2 * TAKING_THREADS):
            assert httpx2.get(f"{address}/quick").status_code == 200
            sent = httpx2.post(f"{address}/take", content=b"x", headers={"content-type": "application/x-test"})
            assert sent.status_code == 200
    assert questions.begun == QUESTIONS
