"""A server made by hand: the page, documents that a test writes, and ticks that it sends when it likes.

What it measured is always the same: a minute of made-up traffic, told as a report of it would be. Its time passes by
the ticks alone, so that a day of it takes as long as its ticks do.
"""

from __future__ import annotations

import asyncio
import functools
import io
import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server

from pktvisor.cli.progress import Progress
from pktvisor.cli.report_documents import report_documents
from pktvisor.config.command_options import SummaryOptions
from pktvisor.hub.demo import HOSTS
from pktvisor.server.page import page_routes
from support.made_up import BEGIN_S, made_up_capture, made_up_frames

Document = dict[str, Any]
POLICY = "edge"
MINUTE_S, STEP_S, MOST_STEPS = 60, 10, 360
KEPT = 5
"""Windows that the policy keeps."""
SESSION: Document = {
    "needs_token": False,
    "scope": "admin",
    "name": None,
    "admin_api": True,
    "is_hub": False,
    "agent": "pop1",
}


@functools.cache
def _report() -> Document:
    capture = made_up_capture("page", made_up_frames())
    options = SummaryOptions(hosts=HOSTS)
    _, documents = report_documents([str(capture)], options, Progress(io.StringIO()), "pcap")
    return documents


def measured() -> Document:
    """The handlers of a policy's window: a copy that a test may change."""
    (document,) = (document for path, document in _report().items() if "/metrics/" in path and path != "metrics/app")
    (handlers,) = json.loads(json.dumps(document)).values()
    found: Document = handlers
    return found


def path(window: int = 5) -> str:
    """Where a window of the policy stands below `/api/v1/`."""
    return f"policies/{POLICY}/metrics/" + (f"window/{window}" if window else "bucket/0")


@dataclass
class PageServer:
    """What a test may set, while it runs, and what was asked."""

    session: Document = field(default_factory=lambda: dict(SESSION))
    handlers: Document = field(default_factory=measured)
    others: dict[str, Any] = field(default_factory=dict)
    """Further documents by their paths below `/api/v1/`, without what stands behind `?`."""
    refusals: dict[str, tuple[int, Document]] = field(default_factory=dict)
    """Status and document instead of what a path would answer."""
    bodies: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Status, text and media type instead of what a path would answer, as of a proxy between."""
    policy_names: list[str] = field(default_factory=lambda: [POLICY])
    """Of the ticks: the first is the one that is measured."""
    kept: int = KEPT
    length_s: int = MINUTE_S
    marks: list[Document] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    time_s: int = BEGIN_S
    tick_s: int = 1
    """So many seconds pass from one tick to the next: a server tells each, and a day of such takes minutes."""
    streams: int = 0
    """How many streams of events are open."""
    port: int = 0
    _is_held: bool = False
    _is_gone: bool = False
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)
    _loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tick(self, seconds: int = 1) -> None:
        """Let time pass, and tell all that listen: once for each second (see `tick_s`)."""
        self._set(time_s=self.time_s + seconds)

    def hold(self) -> None:
        """Let documents be asked for and not come, until `release`."""
        self._set(_is_held=True)

    def release(self) -> None:
        self._set(_is_held=False)

    def leave(self) -> None:
        """Be gone: break off all streams, and answer nothing, until `come_back`."""
        self._set(_is_gone=True)

    def come_back(self) -> None:
        self._set(_is_gone=False)

    def _set(self, **changes: Any) -> None:
        """Change it in its own thread, and wake all that wait there."""

        async def change() -> None:
            async with self._heard:
                vars(self).update(changes)
                self._heard.notify_all()

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(change(), self._loop).result()

    async def _wait(self, holds: Callable[[], bool]) -> None:
        async with self._heard:
            await self._heard.wait_for(lambda: self._is_gone or holds())

    def told(self, time_s: int) -> Document:
        """The tick of a second."""
        window, step = time_s // MINUTE_S * MINUTE_S, time_s // STEP_S * STEP_S - STEP_S
        mark = self.marks[-1]["id"] if self.marks else 0
        policies = {name: {"window": window, "step": step} for name in self.policy_names}
        return {"time": time_s, "up_time_s": time_s - BEGIN_S, "policies": policies, "inputs": {}, "mark": mark}

    def document(self, wanted: str, since: int) -> Any:
        """What a path answers; None where it answers nothing."""
        if wanted in self.others:
            return self.others[wanted]
        if wanted == f"policies/{POLICY}/series":
            return self.series(since)
        if wanted.startswith(f"policies/{POLICY}/metrics/"):
            return {POLICY: self.handlers}
        if wanted == f"policies/{POLICY}":
            periods = [{"length": self.length_s, "read_only": True}] * self.kept
            metrics = {"periods": periods, "periods_configured": self.kept}
            return {POLICY: {"length_s": self.length_s, "modules": {"net": {"metrics": metrics}}}}
        if wanted == "inputs":
            return {}
        if wanted == f"policies/{POLICY}/declarations":
            return {"handlers": {}}
        if wanted == "marks":
            return {"marks": self.marks, "forgotten": 0}
        if wanted == "session":
            return self.session
        return _report().get(wanted)

    def series(self, since: int) -> Document:
        """Steps since a time, or those of the last hour."""
        last = self.time_s // STEP_S * STEP_S
        start = max(since // STEP_S * STEP_S, BEGIN_S, last - MOST_STEPS * STEP_S)
        times = range(start, last, STEP_S)
        waves = [2000 + 7 * (time % 600) for time in times]

        def counters(*names: str) -> dict[str, list[int]]:
            return {name: [wave // number for wave in waves] for number, name in enumerate(names, 1)}

        told = {
            "net": ("packets", counters("packets.total", "packets.in", "packets.out", "packets.unknown_dir")),
            "dns": ("dns", counters("dns.wire_packets.replies", "dns.xact.counts.total", "dns.wire_packets.nxdomain")),
        }
        handlers = {
            instance: {
                "schema": schema,
                "counters": counted,
                "histograms": {},
                "ledger": {"seen": waves},
                "completeness": [1.0] * len(times),
            }
            for instance, (schema, counted) in told.items()
        }
        return {"step_s": STEP_S, "start": start, "handlers": handlers}

    async def answer(self, request: Request) -> Response:
        wanted = request.path_params["path"]
        self.asked.append(wanted)
        if wanted != "session":
            await self._wait(lambda: not self._is_held)
        if self._is_gone:
            return Gone()
        if wanted in self.refusals:
            status, document = self.refusals[wanted]
            return JSONResponse(document, status)
        if wanted in self.bodies:
            status, text, media_type = self.bodies[wanted]
            return Response(text, status, media_type=media_type)
        found = self.document(wanted, int(request.query_params.get("since", 0)))
        return JSONResponse({"error": f"no {wanted} here"}, 404) if found is None else JSONResponse(found)

    async def events(self, request: Request) -> Response:
        return Gone() if self._is_gone else StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        self.streams += 1
        sent = self.time_s - self.tick_s
        try:
            while not self._is_gone:
                for time_s in range(sent + self.tick_s, self.time_s + 1, self.tick_s):
                    sent = time_s
                    yield f"event: tick\ndata: {json.dumps(self.told(time_s))}\n\n"
                await self._wait(functools.partial(self._is_after, sent))
        finally:
            self.streams -= 1

    def _is_after(self, time_s: int) -> bool:
        return self.time_s >= time_s + self.tick_s


class Gone(Response):
    """An answer that breaks off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


class _Quiet(Server):
    """A server that leaves signals to others."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def page_server(**settings: Any) -> Iterator[PageServer]:
    """Run one."""
    made = PageServer(**settings)
    listener = socket.create_server(("127.0.0.1", 0))
    made.port = listener.getsockname()[1]
    routes = [
        *page_routes(),
        Route("/api/v1/events", made.events),
        Route("/api/v1/{path:path}", made.answer, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    server = _Quiet(Config(Starlette(routes=routes), lifespan="off", log_config=None, log_level=logging.CRITICAL))
    is_running = threading.Event()

    async def serve() -> None:
        made._loop = asyncio.get_running_loop()
        is_running.set()
        await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    is_running.wait()
    try:
        yield made
    finally:
        made.leave()
        server.should_exit = True
        thread.join()
