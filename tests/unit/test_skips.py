"""CI fails where a test is skipped that it should run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
BY_A_CALL = "import pytest\ndef test_story():\n    pytest.skip({reason!r})\n"
BY_A_MARK = "import pytest\n@pytest.mark.skipif(True, reason={reason!r})\ndef test_story():\n    pass\n"
AS_A_MODULE = "import pytest\npytest.skip({reason!r}, allow_module_level=True)\n"
BY_AN_IMPORT = "import pytest\npytest.importorskip('no_such_module', reason={reason!r})\n"
WAYS = [BY_A_CALL, BY_A_MARK, AS_A_MODULE, BY_AN_IMPORT]


def status_of(source: str, folder: Path, *, is_ci: bool) -> int:
    story = folder / "test_story.py"
    story.write_text(source)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ["-q", "-p", "support.skips", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, story],
        env=environment | ({"CI": "true"} if is_ci else {}),
        check=False,
        capture_output=True,
    ).returncode


@pytest.mark.parametrize("way", WAYS)
def test_a_skipped_test_fails_in_ci_only(way: str, tmp_path: Path) -> None:
    source = way.format(reason="the tool is not installed")
    assert status_of(source, tmp_path, is_ci=True) in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    passes = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert status_of(source, tmp_path, is_ci=False) in passes


@pytest.mark.parametrize("way", WAYS)
def test_what_ci_cannot_mend_may_be_skipped(way: str, tmp_path: Path) -> None:
    source = way.format(reason="no answers of the C++ pktvisor in the folder beside this one")
    assert status_of(source, tmp_path, is_ci=True) in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def test_a_failure_that_is_expected_is_no_skip(tmp_path: Path) -> None:
    source = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_story():\n    assert False\n"
    assert status_of(source, tmp_path, is_ci=True) == pytest.ExitCode.OK
