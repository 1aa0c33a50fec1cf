"""Real NATS servers on loopback."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
from nats.js.errors import NotFoundError

from support.commands import BIN
from support.daemon import eventually


class NatsServer:
    """A server with JetStream, its files in a folder; `restart` begins anew what `kill` ended."""

    def __init__(self, folder: Path, *, more: str = "") -> None:
        self.folder = folder
        self._more = more
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self.restart()

    def restart(self) -> None:
        config = self.folder / "nats.conf"
        kept = f'jetstream {{ store_dir: "{self.folder / "kept"}" }}'
        config.write_text(f"listen: 127.0.0.1:{self.port}\n{kept}\n{self._more}\n")
        with (self.folder / "nats.log").open("ab") as log:
            self.process = subprocess.Popen([BIN / "nats-server", "-c", config], stderr=log)
        eventually(self._answers)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def make_stream(self, **settings: Any) -> None:
        """Make a stream that takes windows."""

        async def make(jetstream: Any) -> None:
            await jetstream.add_stream(name="windows", subjects=["pktvisor.windows"], **settings)

        self._ask(make)

    def stored(self) -> list[tuple[bytes, Mapping[str, str]]]:
        """What the stream has: bodies with their headers, in order."""

        async def read(jetstream: Any) -> list[tuple[bytes, Mapping[str, str]]]:
            name = await jetstream.find_stream_name_by_subject("pktvisor.windows")
            state = (await jetstream.stream_info(name)).state
            found = [await jetstream.get_msg(name, number) for number in range(state.first_seq, state.last_seq + 1)]
            return [(one.data, one.headers) for one in found] if state.messages else []

        return list(self._ask(read))

    def waiting(self) -> int:
        """How many messages the stream has."""

        async def look(jetstream: Any) -> int:
            name = await jetstream.find_stream_name_by_subject("pktvisor.windows")
            return int((await jetstream.stream_info(name)).state.messages)

        return int(self._ask(look))

    def has_consumer(self, name: str) -> bool:
        async def look(jetstream: Any) -> bool:
            try:
                stream = await jetstream.find_stream_name_by_subject("pktvisor.windows")
                await jetstream.consumer_info(stream, name)
            except NotFoundError:
                return False
            return True

        return bool(self._ask(look))

    def publish(self, *bodies: bytes) -> None:
        async def publish(jetstream: Any) -> None:
            for body in bodies:
                await jetstream.publish("pktvisor.windows", body)

        self._ask(publish)

    def _ask(self, work: Any) -> Any:
        async def ask() -> Any:
            connection = await nats.connect(self.url)
            try:
                return await work(connection.jetstream())
            finally:
                await connection.close()

        return asyncio.run(ask())


@contextmanager
def nats_server(folder: Path, *, more: str = "") -> Iterator[NatsServer]:
    folder.mkdir(exist_ok=True)
    server = NatsServer(folder, more=more)
    try:
        yield server
    finally:
        server.kill()
