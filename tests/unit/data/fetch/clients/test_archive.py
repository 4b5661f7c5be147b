"""Archives: nothing leaves the folder, nothing fills the disk."""

import os
import shutil
import stat
import zipfile
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.archives import assert_nothing_left, make_zip

from ganoscope.data.fetch.clients import archive as _archive
from ganoscope.errors import UserError
from ganoscope.workflows.fetch import fetch


def make_link(name):
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("../evil.txt", "leads out of the folder"),
        ("a/../../evil.txt", "leads out of the folder"),
        ("/evil.txt", "leads out of the folder"),
        ("..\\evil.txt", "leads out of the folder"),
        ("C:\\evil.txt", "leads out of the folder"),
        (make_link("link"), "symbolic link"),
    ],
)
def test_archives_that_reach_outside_are_refused_whole(kaggle, tmp_path, member, says):
    kaggle(make_zip({"good.png": b"good", member: b"/etc/passwd"}))
    with pytest.raises(UserError, match=rf"not safe to unpack: 1 .*{says}"):
        fetch("rsna", tmp_path / "sub" / "out")
    assert_nothing_left(tmp_path / "sub" / "out")
    assert not list(tmp_path.rglob("evil*"))


def test_bombs_are_refused_before_they_are_unpacked(kaggle, tmp_path):
    kaggle(make_zip({"bomb.png": bytes(50_000_000)}))
    with pytest.raises(UserError, match=r"it would grow \d[\d,]*-fold; allowed: 200-fold"):
        fetch("rsna", tmp_path / "out")
    assert_nothing_left(tmp_path / "out")


def test_archives_larger_than_the_disk_are_refused(kaggle, tmp_path, monkeypatch):
    kaggle(make_zip({"a.png": os.urandom(5000)}))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=4000))
    with pytest.raises(UserError, match=r"0\.0 GB needed, 0\.0 GB free"):
        fetch("rsna", tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "garbled", "no archive"])
def test_damaged_archives_are_told(kaggle, tmp_path, damage):
    content = make_zip({"a.png": os.urandom(5000)})
    garbled = content[:1000] + bytes(500) + content[1500:]
    kaggle({"cut": content[:-300], "garbled": garbled, "no archive": b"<html>sign in</html>"}[damage])
    with pytest.raises(UserError, match=r"the archive is damaged or incomplete.*\n.*By hand"):
        fetch("rsna", tmp_path / "out")
    assert_nothing_left(tmp_path / "out")


def test_encrypted_and_repeated_members_are_faults():
    one, two = zipfile.ZipInfo("a.png"), zipfile.ZipInfo("a.png")
    two.flag_bits |= 1
    assert _archive.find_faults([one, two], 1, 1) == ["1 encrypted file", "1 name that occurs twice"]


def test_a_nested_copy_and_macos_leavings_are_left_out_but_nothing_that_differs(kaggle, tmp_path):
    same, other = b"same", b"other"
    files = {
        "chest_xray/train/1.jpeg": same,
        "chest_xray/chest_xray/train/1.jpeg": same,
        "chest_xray/chest_xray/train/2.jpeg": other,
        "chest_xray/__MACOSX/train/._1.jpeg": b"x",
        "windows\\3.jpeg": b"three",
    }
    kaggle(make_zip(files))
    out = fetch("paediatric-cxr", tmp_path / "out")
    found = {path.relative_to(out).as_posix() for path in out.rglob("*.jpeg")}
    assert found == {"chest_xray/train/1.jpeg", "chest_xray/chest_xray/train/2.jpeg", "windows/3.jpeg"}


@given(st.lists(st.sampled_from(["..", ".", "a", "b c", "", "C:", "é"]), min_size=1, max_size=5))
def test_a_name_taken_as_inside_never_leaves_the_folder(parts):
    name = "/".join(parts)
    if _archive.is_inside(name):
        assert os.path.normpath(os.path.join("/root/folder", name)).startswith("/root/folder")  # noqa: PTH118
