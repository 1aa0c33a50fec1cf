"""Real DNS servers on loopback that tell of their messages by dnstap: BIND, Knot DNS, unbound and dnsdist."""

from __future__ import annotations

import functools
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemon import eventually

PATHS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"

ZONE = """
$TTL 300
@ IN SOA ns hostmaster 1 7200 3600 1209600 300
@ IN NS ns
ns IN A 127.0.0.1
* IN A 192.0.2.1
"""

NAMED = """
options {{
  directory "{folder}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no;
  dnstap {{ auth; client; }}; dnstap-output unix "{told_to}"; dnstap-identity "authority"; dnstap-version "lab 1";
}};
controls {{ }};
zone "example" {{ type primary; file "{folder}/example.zone"; }};
"""

KNOT = """
server:
  listen: 127.0.0.1@{port}
  rundir: "{folder}"
database:
  storage: "{folder}"
mod-dnstap:
  - id: lab
    sink: "unix:{told_to}"
    identity: "knot"
    version: "lab 2"
    responses-with-queries: on
template:
  - id: default
    storage: "{folder}"
    global-module: mod-dnstap/lab
zone:
  - domain: example
    file: "{folder}/example.zone"
"""

UNBOUND = """
server:
  {listening}
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  local-zone: "example." redirect
  local-data: "example. A 192.0.2.1"
remote-control:
  control-enable: no
"""

UNBOUND_TELLS = """
dnstap:
  dnstap-enable: yes
  {told_to}
  dnstap-bidirectional: {is_two_way}
  dnstap-identity: "resolver"
  dnstap-version: "lab 3"
  dnstap-send-identity: yes
  dnstap-send-version: yes
  dnstap-log-client-query-messages: yes
  dnstap-log-client-response-messages: yes
"""

DNSDIST = """
setLocal("127.0.0.1:{port}")
addTLSLocal("127.0.0.1:{tls_port}", "{folder}/lab.pem", "{folder}/lab.key")
addDOHLocal("127.0.0.1:{https_port}", "{folder}/lab.pem", "{folder}/lab.key")
newServer({{address = "127.0.0.1:{backend}", checkName = "ns.example."}})
logger = newFrameStreamUnixLogger("{told_to}")
addAction(AllRule(), DnstapLogAction("dnsdist", logger))
addResponseAction(AllRule(), DnstapLogResponseAction("dnsdist", logger))
"""


def program(name: str) -> str:
    """Where a program is; the test is skipped where it is not."""
    found = shutil.which(name, path=PATHS)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """A port that nobody has for the moment, neither of UDP nor of TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def running(*line: str) -> Iterator[None]:
    """A server in the foreground; what it says is printed at its end."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        try:
            told, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            told, _ = process.communicate()
        print(told.decode(errors="replace"))


def _write(folder: Path, name: str, text: str) -> str:
    (folder / "example.zone").write_text(ZONE)
    (folder / name).write_text(text)
    return str(folder / name)


@contextmanager
def named(folder: Path, told_to: str) -> Iterator[int]:
    """BIND, authoritative for `example`, which tells a Unix socket; gives its port."""
    command, port = program("named"), free_port()
    file = _write(folder, "named.conf", NAMED.format(folder=folder, port=port, told_to=told_to))
    with running(command, "-g", "-c", file):
        yield port


@contextmanager
def knot(folder: Path, told_to: str) -> Iterator[int]:
    """Knot DNS, likewise; its responses come with their queries."""
    command, port = program("knotd"), free_port()
    file = _write(folder, "knot.conf", KNOT.format(folder=folder, port=port, told_to=told_to))
    with running(command, "-c", file):
        yield port


@contextmanager
def unbound(folder: Path, told_to: str, *, is_two_way: bool = True) -> Iterator[int]:
    """unbound, which tells a Unix socket, or HOST:PORT by TCP; gives its port."""
    command, port = program("unbound"), free_port()
    place = f'dnstap-socket-path: "{told_to}"'
    if not told_to.startswith("/"):
        place = f'dnstap-ip: "{told_to.replace(":", "@")}"\n  dnstap-tls: no'
    serves = UNBOUND.format(folder=folder, listening=f"interface: 127.0.0.1\n  port: {port}")
    tells = UNBOUND_TELLS.format(told_to=place, is_two_way="yes" if is_two_way else "no")
    file = _write(folder, "unbound.conf", serves + tells)
    with running(command, "-d", "-c", file):
        yield port


@contextmanager
def dnsdist(folder: Path, told_to: str, backend: int) -> Iterator[tuple[int, int, int]]:
    """dnsdist before a server; gives its ports for UDP and TCP, for TLS and for HTTPS."""
    command = program("dnsdist")
    subject = ("-subj", "/CN=lab", "-days", "2", "-keyout", str(folder / "lab.key"), "-out", str(folder / "lab.pem"))
    request = (program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject)
    subprocess.run(request, check=True, capture_output=True)
    port, tls_port, https_port = free_port(), free_port(), free_port()
    ports = {"port": port, "tls_port": tls_port, "https_port": https_port}
    text = DNSDIST.format(folder=folder, told_to=told_to, backend=backend, **ports)
    with running(command, "--supervised", "-C", _write(folder, "dnsdist.conf", text)):
        yield port, tls_port, https_port


def question(name: str, number: int = 1) -> bytes:
    """A query for the address of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def ask(port: int, names: Sequence[str], *, over_tcp: bool = False) -> None:
    """Ask for names, each until there is an answer."""
    for number, name in enumerate(names):
        eventually(functools.partial(_answers, port, question(name, number), over_tcp))


def _answers(port: int, message: bytes, over_tcp: bool) -> bool:
    try:
        if over_tcp:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
                stream.sendall(struct.pack("!H", len(message)) + message)
                return len(stream.recv(2)) > 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.sendto(message, ("127.0.0.1", port))
            return client.recv(1232)[:2] == message[:2]
    except OSError:
        return False
