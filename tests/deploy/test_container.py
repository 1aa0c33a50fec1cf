"""The image's entry point and health check, in a root of their own with programs that say how they were started."""

from __future__ import annotations

import gzip
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.machinery import SourceFileLoader
from pathlib import Path
from threading import Thread

import pytest

CONTAINER = Path(__file__).parents[2] / "deploy" / "container"
USER = 10001
PROGRAMS = ("pktvisord", "pktvisor", "pktvisor-reader", "pktvisor-hub", "python3-capture")
SAY = '#!/bin/sh\nfor word in "${0##*/}" "$@"; do printf "%s|" "${word##*/bin/}"; done\n'
IN_ROOT = 'mount --rbind /usr "$0/usr"; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"'
NOTHING: Mapping[str, str] = {}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A root folder with this machine's shell, the entry point, and the image's places."""
    if os.getuid() != 0:
        pytest.skip("a root folder of its own needs root")
    tmp_path.chmod(0o755)
    for place in ("opt/pktvisor/bin", "geo-db", "iana", "proc", "usr", "tmp"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "tmp").chmod(0o1777)
    for link in ("bin", "lib", "lib64"):
        (tmp_path / link).symlink_to(f"usr/{link}")
    for program in PROGRAMS:
        path = tmp_path / "opt" / "pktvisor" / "bin" / program
        path.write_text(SAY, encoding="utf-8")
        path.chmod(0o755)
    shutil.copy(CONTAINER / "entry", tmp_path / "entry")
    return tmp_path


def start(
    image: Path,
    *words: str,
    user: int = USER,
    may_have: str = "-all,+net_raw",
    options: tuple[str, ...] = (),
    variables: Mapping[str, str] = NOTHING,
) -> subprocess.CompletedProcess[str]:
    """Run the entry point as an engine does: as a user, with what the container may come to have."""
    line = ["unshare", "--mount", "sh", "-ec", IN_ROOT, str(image), "setpriv", f"--bounding-set={may_have}"]
    line += ["--inh-caps=-all", f"--reuid={user}", f"--regid={user}", "--clear-groups", *options, "/entry", *words]
    environment = {"PATH": "/usr/bin:/usr/sbin", **variables}
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment, timeout=60)


def started(image: Path, *words: str, user: int = 0, **variables: str) -> list[str]:
    """What was started, word by word."""
    done = start(image, *words, user=user, variables=variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("|")[:-1]


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("pktvisord", "pktvisord"),
        ("pktvisor", "pktvisor"),
        ("pktvisor-cli", "pktvisor"),
        ("pktvisor-reader", "pktvisor-reader"),
        ("pktvisor-pcap", "pktvisor-reader"),
        ("pktvisor-hub", "pktvisor-hub"),
    ],
)
def test_the_first_argument_picks_the_program(image: Path, name: str, program: str) -> None:
    assert started(image, name, "-b", "port 53", "any") == [program, "-b", "port 53", "any"]


def test_options_alone_are_those_of_the_agent(image: Path) -> None:
    assert started(image, "-l", "::", "any") == ["pktvisord", "-l", "::", "any"]


def test_without_arguments_there_is_help_and_a_failure(image: Path) -> None:
    done = start(image)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "pktvisord TARGET..." in done.stderr


def test_what_is_no_program_is_named(image: Path) -> None:
    done = start(image, "eth0")
    assert done.returncode == 1
    assert (
        "there is no program 'eth0' in this image; to capture on an interface of that name: pktvisord eth0"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-l 0.0.0.0 eth0", ["-l", "0.0.0.0", "eth0"]),
        ("-b; port 53 or port 853;eth0", ["-b", "port 53 or port 853", "eth0"]),
        ("-H;10.0.0.0/8;*", ["-H", "10.0.0.0/8", "*"]),
    ],
)
def test_a_variable_says_what_the_agent_gets(image: Path, text: str, words: list[str]) -> None:
    assert started(image, PKTVISORD_ARGS=text) == ["pktvisord", *words]


def test_arguments_count_before_the_variable(image: Path) -> None:
    assert started(image, "pktvisord", "any", PKTVISORD_ARGS="eth0") == ["pktvisord", "any"]


def test_databases_are_used_where_they_are_mounted_and_unpacked_where_they_have_to_be(image: Path) -> None:
    (image / "geo-db" / "asn.mmdb").write_bytes(b"as it is")
    (image / "geo-db" / "city.mmdb.gz").write_bytes(gzip.compress(b"packed"))
    (image / "iana" / "custom-iana.csv").write_bytes(b"names")
    assert started(image, "pktvisord", "any") == [
        *("pktvisord", "--default-service-registry", "/iana/custom-iana.csv"),
        *("--default-geo-asn", "/geo-db/asn.mmdb", "--default-geo-city", "/tmp/city.mmdb", "any"),
    ]
    assert (image / "tmp" / "city.mmdb").read_bytes() == b"packed"
    assert started(image, "pktvisor-reader", "x.pcap") == ["pktvisor-reader", "x.pcap"]


def test_a_database_that_cannot_be_unpacked_ends_the_start_in_a_sentence(image: Path) -> None:
    (image / "geo-db" / "city.mmdb.gz").write_bytes(b"not packed at all")
    done = start(image, "pktvisord", "any")
    assert done.returncode == 1
    assert "can't unpack /geo-db/city.mmdb.gz to /tmp/city.mmdb" in done.stderr


def test_a_user_who_may_come_to_have_the_capability_gets_it_by_the_interpreter_that_brings_it(image: Path) -> None:
    for program in ("pktvisord", "pktvisor"):
        assert started(image, program, "any", user=USER) == ["python3-capture", program, "any"]
    for program in ("pktvisor-reader", "pktvisor-hub"):
        assert started(image, program, "any", user=USER) == [program, "any"]


@pytest.mark.parametrize(
    ("user", "may_have", "options"),
    [
        (0, "-all,+net_raw", ()),
        (USER, "-all", ()),
        (USER, "-all,+net_raw", ("--no-new-privs",)),
    ],
    ids=["who has it", "who may not have it", "who may gain nothing"],
)
def test_others_get_the_usual_one(image: Path, user: int, may_have: str, options: tuple[str, ...]) -> None:
    done = start(image, "pktvisord", "any", user=user, may_have=may_have, options=options)
    assert (done.stdout, done.stderr) == ("pktvisord|any|", "")


def test_the_program_takes_the_place_of_the_entry_point(image: Path) -> None:
    (image / "opt" / "pktvisor" / "bin" / "pktvisord").write_text("#!/bin/sh\nkill -TERM $$\necho still here\n")
    assert start(image, "pktvisord", user=0).returncode == -15


def health(where: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-IS", str(CONTAINER / "health")]
    environment = {**os.environ, "PKTVISOR_HEALTH": where}
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment, timeout=60)


@contextmanager
def server(status: int) -> Iterator[str]:
    """A server that answers every request so, and its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def test_a_server_that_answers_is_healthy() -> None:
    with server(200) as where:
        assert (health(where).returncode, health(where).stdout) == (0, "")


def test_one_that_answers_otherwise_is_not() -> None:
    with server(503) as where:
        done = health(where)
        assert done.returncode == 1
        assert done.stdout == f"{where}/healthz answered 'HTTP/1.0 503 Service Unavailable'\n"


def test_one_that_hangs_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = health(where)
        assert done.returncode == 1
        assert done.stdout == f"no answer at {where}: timed out\n"


def test_a_place_where_nobody_listens_is_told(tmp_path: Path) -> None:
    done = health(f"unix:{tmp_path}/api.sock")
    assert done.returncode == 1
    assert done.stdout.startswith(f"no answer at unix:{tmp_path}/api.sock: ")


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("python3 bin/pktvisord any", "http://localhost:10853"),
        ("python3 bin/pktvisord -l 0.0.0.0 -p 9000 any", "http://127.0.0.1:9000"),
        ("python3 bin/pktvisord -l :: -p9000 any", "http://[::1]:9000"),
        ("python3 bin/pktvisord -l=10.0.0.9 -p=9000 any", "http://10.0.0.9:9000"),
        ("python3 bin/pktvisor-hub -l unix:/run/hub.sock", "unix:/run/hub.sock"),
        ("python3 bin/pktvisor-hub --tls -l 10.0.0.9", "https://10.0.0.9:10853"),
        ("python3 bin/pktvisor-reader -p x.pcap", None),
    ],
)
def test_the_command_line_says_where_to_ask(line: str, where: str | None) -> None:
    loader = SourceFileLoader("health", str(CONTAINER / "health"))
    spec = importlib.util.spec_from_loader("health", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    address: Callable[[list[str]], str | None] = module.address
    assert address(line.split()) == where


def build(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script that builds, with an engine that says how it was started."""
    engine = folder / "docker"
    engine.write_text('#!/bin/sh\necho "$DOCKER_BUILDKIT|$*"\n', encoding="utf-8")
    engine.chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "ENGINE": "docker"}
    line = [str(CONTAINER / "build"), *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_docker_builds_with_what_every_docker_has(tmp_path: Path) -> None:
    """No plugin: `docker buildx` is one, which Debian's Docker comes without."""
    done = build(tmp_path, "--tag", "site/pktvisor:5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1|build --file deploy/container/Dockerfile --tag site/pktvisor:5 ")
    assert done.stdout.endswith(" .\n")


def test_a_wheel_that_is_not_there_is_said_before_anything_is_built(tmp_path: Path) -> None:
    done = build(tmp_path, "--wheel", "dist/no-such.whl")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "there is no wheel dist/no-such.whl: release/run --here puts one into dist\n"
