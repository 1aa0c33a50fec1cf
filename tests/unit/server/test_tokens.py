from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pktvisor.errors import ConfigError
from pktvisor.server.tokens import Tokens, make_token, read_tokens

SECRET = "a-secret-of-23-letters!"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "tokens"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("token", [SECRET, f"sha256:{DIGEST}", f"sha256:{DIGEST.upper()}"])
def test_a_token_is_found_by_itself_or_by_its_digest(tmp_path: Path, token: str) -> None:
    tokens = Tokens(written(tmp_path, f"# who may what\n\n  prometheus \t read {token}\n"))
    found = tokens.find(SECRET)
    assert found is not None
    assert (found.name, found.scope) == ("prometheus", "read")
    for other in ("", SECRET[:-1], SECRET + "!", DIGEST, f"sha256:{DIGEST}", "\udcff"):
        assert tokens.find(other) is None


def test_a_new_token_fits_the_line_made_with_it(tmp_path: Path) -> None:
    new, other = make_token("deploy", "admin"), make_token("grafana", "read")
    tokens = Tokens(written(tmp_path, f"{new.line}\n{other.line}\n"))
    assert len(tokens) == 2
    assert {token.name: token.scope for secret in (new.secret, other.secret) if (token := tokens.find(secret))} == {
        "deploy": "admin",
        "grafana": "read",
    }
    assert new.secret not in new.line


@pytest.mark.parametrize("name", ["ns1.example.net", "10.0.0.7", "7f3a.nodes.example"])
def test_a_token_may_have_the_name_of_any_host(tmp_path: Path, name: str) -> None:
    """Kubernetes names nodes by their addresses in places, and an agent's token has the agent's name."""
    new = make_token(name, "read")
    found = Tokens(written(tmp_path, new.line)).find(new.secret)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prometheus read", "line 1: a line must consist of a name, a scope and a token, not 2 words"),
        (f"\nprometheus write {SECRET}", "line 2: unknown scope 'write': use read or admin"),
        (f".st read {SECRET}", "line 1: '.st' is not a valid token name: use a letter, digit or _, followed"),
        ("prometheus read short", "line 1: the token is shorter than 16 characters"),
        ("prometheus read sha256:123", "line 1: sha256: must be followed by 64 hexadecimal digits"),
        (f"a read {SECRET}\na read {SECRET}!", "line 2: the name a is used twice"),
        ("# nothing\n", "contains no token"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_tokens(written(tmp_path, text))
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o602])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, f"a read {SECRET}", mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {path}$"):
        read_tokens(path)


def test_a_file_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file or directory"):
        read_tokens(tmp_path / "none")
    with pytest.raises(ConfigError, match="is larger than"):
        read_tokens(written(tmp_path, "#" * (1024 * 1024 + 1)))


@pytest.mark.parametrize(("name", "scope"), [("", "read"), ("a b", "read"), ("a", "write")])
def test_a_token_needs_a_name_and_a_scope(name: str, scope: str) -> None:
    with pytest.raises(ConfigError):
        make_token(name, scope)  # type: ignore[arg-type]


def test_a_changed_file_is_read_again_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    old, new = make_token("old", "read"), make_token("new", "admin")
    path = written(tmp_path, old.line)
    tokens = Tokens(path)
    written(tmp_path, new.line)
    tokens.reload()
    assert (tokens.find(old.secret), tokens.find(new.secret) is not None) == (None, True)
    written(tmp_path, "nonsense")
    with pytest.raises(ConfigError):
        tokens.reload()
    assert tokens.find(new.secret) is not None
