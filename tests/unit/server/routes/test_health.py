from __future__ import annotations

from pathlib import Path

import pytest

from support.agents import FakeAgent
from support.serving import client

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(f"someone read {SECRET}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
def test_probes_and_the_page_need_no_token_(path: str, token_file: Path) -> None:
    asked = client(token_file=token_file)
    assert asked.get("/metrics").status_code == 401
    reply = asked.get(path)
    assert reply.status_code == 200
    head = asked.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == reply.headers["content-type"]


def test_an_agent_whose_input_has_a_fault_is_alive_and_not_ready(caplog: pytest.LogCaptureFixture) -> None:
    asked = client(FakeAgent(is_ready=False))
    assert asked.get("/healthz").text == "ok\n"
    reply = asked.get("/readyz")
    assert (reply.status_code, reply.text) == (503, "not ready\n")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == [], "probes would fill the log"
