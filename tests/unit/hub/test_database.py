"""DuckDB, as the hub uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.errors import ConfigError, InputError
from pktvisor.hub.database import Questions, connect


def test_questions_at_once_do_not_see_each_other(tmp_path: Path) -> None:
    questions = Questions(tmp_path)
    with questions.connect() as one, questions.connect() as other:
        for connection, number in ((one, 1), (other, 2)):
            connection.execute("CREATE TEMPORARY TABLE rows AS SELECT $1 AS number", [number])
        assert [connection.execute("FROM rows").fetchall() for connection in (one, other)] == [[(1,)], [(2,)]]


def test_nothing_of_a_question_is_left_for_the_next(tmp_path: Path) -> None:
    questions = Questions(tmp_path)
    for number in range(3):
        with questions.connect() as connection:
            connection.execute("CREATE TEMPORARY TABLE rows AS SELECT $1 AS number", [number])
    with questions.connect() as connection:
        assert connection.execute("SHOW TABLES").fetchall() == []


def test_questions_go_on_after_one_that_failed(tmp_path: Path) -> None:
    questions = Questions(tmp_path)
    with questions.connect() as at_work:
        with pytest.raises(InputError, match="nowhere"), questions.connect() as connection:
            connection.execute("FROM nowhere")
        with pytest.raises(ConfigError, match="a mistake"), questions.connect():
            raise ConfigError("a mistake of who asks")
        with questions.connect() as connection:
            assert connection.execute("SELECT 1").fetchall() == [(1,)]
        assert at_work.execute("SELECT 2").fetchall() == [(2,)]


def test_a_database_has_bounds(tmp_path: Path) -> None:
    read = "SELECT current_setting('threads'), current_setting('memory_limit'), current_setting('temp_directory')"
    with connect(tmp_path) as alone, Questions(tmp_path).connect() as shared:
        for connection in (alone, shared):
            assert connection.execute(read).fetchall() == [(1, "488.2 MiB", str(tmp_path / "spill"))]
