"""Sessions end by themselves, with their token, or to make room; a cookie says nothing but which one it is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.server.sessions import LONGEST_S, MOST_OF_TOKEN, MOST_SESSIONS, Sessions, cookie_of
from pktvisor.server.tokens import Token, Tokens, make_token

READ, OTHER = make_token("eye", "read"), make_token("boss", "admin")


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(0o600)
    return path


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(written(tmp_path / "tokens", READ.line, OTHER.line))


def token(tokens: Tokens, secret: str = READ.secret) -> Token:
    found = tokens.find(secret)
    assert found is not None
    return found


def test_a_session_lasts_twelve_hours(tokens: Tokens) -> None:
    sessions = Sessions(tokens)
    secret = sessions.begin(token(tokens), 100)
    found = sessions.find(secret, 100 + LONGEST_S - 1)
    assert found is not None
    assert found.token.name == "eye"
    assert sessions.holds(found, 100 + LONGEST_S - 1)
    assert sessions.find(secret, 100 + LONGEST_S) is None
    assert not sessions.holds(found, 100 + LONGEST_S)


def test_whoever_signs_out_is_out(tokens: Tokens) -> None:
    sessions = Sessions(tokens)
    first, second = sessions.begin(token(tokens), 0), sessions.begin(token(tokens), 0)
    found = sessions.find(first, 1)
    assert found is not None
    sessions.end(found)
    sessions.end(found)
    assert sessions.find(first, 1) is None
    assert not sessions.holds(found, 1)
    assert sessions.find(second, 1) is not None


@pytest.mark.parametrize(
    "later",
    [
        [OTHER.line],
        [OTHER.line, READ.line.replace("read", "admin", 1)],
        [OTHER.line, make_token("eye", "read").line],
        [OTHER.line, READ.line.replace("eye", "ear", 1)],
    ],
    ids=["the token is gone", "its scope is another", "its secret is another", "its name is another"],
)
def test_a_session_ends_with_what_its_token_was(tmp_path: Path, later: list[str]) -> None:
    path = written(tmp_path / "tokens", READ.line, OTHER.line)
    tokens = Tokens(path)
    sessions = Sessions(tokens)
    ends, stays = sessions.begin(token(tokens), 0), sessions.begin(token(tokens, OTHER.secret), 0)
    written(path, *later)
    tokens.reload()
    assert sessions.find(ends, 1) is None
    assert sessions.find(stays, 1) is not None


def test_what_is_no_cookie_of_ours_is_of_no_session(tokens: Tokens) -> None:
    sessions = Sessions(tokens)
    secret = sessions.begin(token(tokens), 0)
    for other in ("", secret[:-1], secret + "A", secret.swapcase(), READ.secret, "é" * 43, "x" * 10_000, "\udcff" * 43):
        assert sessions.find(other, 1) is None


def test_the_session_of_a_token_that_is_idle_for_longest_makes_room(tokens: Tokens) -> None:
    sessions = Sessions(tokens)
    other = sessions.begin(token(tokens, OTHER.secret), 0)
    secrets = [sessions.begin(token(tokens), 0) for _ in range(MOST_OF_TOKEN)]
    assert sessions.find(secrets[0], 1) is not None
    sessions.begin(token(tokens), 2)
    assert len(sessions) == MOST_OF_TOKEN + 1
    assert sessions.find(secrets[1], 3) is None
    assert sessions.find(secrets[0], 3) is not None
    assert sessions.find(other, 3) is not None


def test_there_are_only_so_many_sessions_in_all(tmp_path: Path) -> None:
    many = [make_token(f"user{number}", "read") for number in range(MOST_SESSIONS // MOST_OF_TOKEN + 1)]
    tokens = Tokens(written(tmp_path / "tokens", *(one.line for one in many)))
    sessions = Sessions(tokens)
    secrets = [sessions.begin(token(tokens, one.secret), 0) for one in many for _ in range(MOST_OF_TOKEN)]
    assert len(sessions) == MOST_SESSIONS
    assert sessions.find(secrets[0], 1) is None
    assert sessions.find(secrets[-1], 1) is not None


def test_sessions_that_have_ended_are_forgotten_when_one_begins(tokens: Tokens) -> None:
    sessions = Sessions(tokens)
    for _ in range(3):
        sessions.begin(token(tokens), 0)
    sessions.begin(token(tokens), LONGEST_S)
    assert len(sessions) == 1


def test_a_cookie_is_read_where_it_stands_once() -> None:
    cookie = cookie_of("agent7 localhost:10853", is_secure=False)
    name = cookie.name
    assert cookie.secret_in([f"{name}=abc"]) == "abc"
    assert cookie.secret_in([f"theme=dark; {name}=a=bc ;x"]) == "a=bc"
    for headers in ([], [""], [";;="], ["=abc"], [name], [f"{name}x=abc"], [f"{name.upper()}=abc"]):
        assert not cookie.secret_in(headers)
    for headers in ([f"{name}=a; {name}=b"], [f"{name}=a", f"{name}=a"]):
        assert cookie.secret_in(headers) is None


def test_agents_of_a_host_have_cookies_of_their_own() -> None:
    plain, other = (cookie_of(f"agent7 localhost:{port}", is_secure=False) for port in (10853, 10854))
    assert plain.name != other.name
    assert plain.set("abc") == f"{plain.name}=abc; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict"
    secure = cookie_of("agent7 localhost:10853", is_secure=True)
    assert secure.name == f"__Host-{plain.name}"
    assert secure.clear() == f"{secure.name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure"
