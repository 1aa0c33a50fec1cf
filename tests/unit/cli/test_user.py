"""Which user a name means, and what is said of one that can't be."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from pktvisor.cli.user import identity_of
from pktvisor.errors import ConfigError

NOBODY = pwd.getpwnam("nobody")


def test_a_user_has_his_own_groups() -> None:
    identity = identity_of("nobody")
    assert (identity.user, identity.group) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert set(identity.groups) == set(os.getgrouplist("nobody", NOBODY.pw_gid))
    assert identity_of(str(NOBODY.pw_uid)).groups == identity.groups


def test_numbers_need_no_entry_in_a_list() -> None:
    alone, with_group = identity_of("41001"), identity_of("41001:41002")
    assert (alone.user, alone.group, alone.groups) == (41001, 41001, (41001,))
    assert (with_group.user, with_group.group, with_group.groups) == (41001, 41002, (41002,))


def test_a_group_behind_a_colon_is_the_only_one() -> None:
    group = grp.getgrgid(NOBODY.pw_gid)
    assert identity_of(f"nobody:{group.gr_name}").groups == (group.gr_gid,)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobodi", "user: there is no user 'nobodi' here"),
        ("", "user: there is no user '' here"),
        ("-1", "user: there is no user '-1' here"),
        ("4294967295", "user: there is no user '4294967295' here"),
        ("nobody:nogroop", "user: there is no group 'nogroop' here"),
        ("nobody:", "user: there is no group '' here"),
        ("root", "user: root is root: name a user without rights of his own"),
        ("0", "user: 0 is root: name a user without rights of his own"),
        ("nobody:0", "user: nobody:0 is in the group of root: name a user, or USER:GROUP, without rights of its own"),
        ("no\0body", "user: there is no user 'no\\x00body' here"),
    ],
)
def test_what_is_nobody_is_told(name: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        identity_of(name)
    assert str(refused.value) == sentence
