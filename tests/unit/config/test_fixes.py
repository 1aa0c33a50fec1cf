"""A suggestion becomes a change of the text that it is about."""

from __future__ import annotations

import pytest

from pktvisor.config.document import Mark
from pktvisor.config.fixes import Fix, fix_of
from pktvisor.errors import ConfigError

TEXT = """\
visor:
  policies:
    dns:
      kind: collection
      handlrs:
        modules:
          dns:
            config: {topn_cuont: 5}
            type: dsn
            metric_groups: {enable: [dsn_other, top_siez, dsn]}
"""


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (
            ConfigError("topn_cuont is invalid", hint="did you mean 'topn_count'?", place="line 8, column 34"),
            Fix(Mark(8, 22), 10, "topn_count"),
        ),
        (
            ConfigError("no 'dsn'", hint="; did you mean 'dns'?", path="modules.dns.type", place="line 9, column 19"),
            Fix(Mark(9, 19), 3, "dns"),
        ),
        (
            ConfigError("no column 'dsn'; did you mean 'dns'?", place="line 10, column 13"),
            Fix(Mark(10, 59), 3, "dns"),
        ),
        (
            ConfigError("no key 'handlers'", hint="; is 'handlrs' meant?", path="p.handlers", place="line 3, column 5"),
            Fix(Mark(5, 7), 7, "handlers"),
        ),
    ],
)
def test_the_name_that_is_wrong_is_found_near_the_place(error: ConfigError, fix: Fix) -> None:
    assert fix_of(error, TEXT) == fix


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("nothing is proposed", place="line 8, column 34"),
        ConfigError("no 'gone'", hint="did you mean 'gong'?", place="line 8, column 34"),
        ConfigError("no 'dsn'", hint="did you mean 'dns'?"),
    ],
    ids=["no suggestion", "not there", "no place"],
)
def test_where_nothing_is_proposed_or_found_there_is_no_fix(error: ConfigError) -> None:
    assert fix_of(error, TEXT) is None
