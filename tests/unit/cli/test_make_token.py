"""A new token: the secret for the client, its line for the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.cli.daemon import main
from pktvisor.server.tokens import read_tokens


def test_the_line_is_what_a_token_file_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--make-token", "prometheus", "read"]) == 0
    printed = capsys.readouterr()
    secret = printed.err.strip().rpartition(" ")[2]
    assert secret not in printed.out
    path = tmp_path / "tokens"
    path.write_text(printed.out)
    path.chmod(0o600)
    (token,) = read_tokens(path).values()
    assert (token.name, token.scope) == ("prometheus", "read")


def test_a_scope_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--make-token", "prometheus", "write"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "write" in printed.err
    assert printed.err.count("\n") == 1
