"""One writer per output: the second is refused and told who the first is; a killed one leaves no lock."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganoscope import locks
from ganoscope.errors import UserError
from ganoscope.locks import SUFFIX, is_vacant, one_writer, private_folder

HOLD = """
import sys, time
from pathlib import Path
from ganoscope.locks import one_writer, private_folder
with one_writer(Path(sys.argv[1])), private_folder("test") as folder:
    (folder / "names").write_text("Smith")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path, monkeypatch):
    """A process that holds the lock of `out` and a private folder, which it prints."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True)
    process.folder = process.stdout.readline().strip()
    yield process
    process.kill()
    process.wait()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_second_writer_is_told_who_the_first_is(tmp_path, holder):
    told = rf"out is being written by another process: got process {holder.pid} on .* since 20.*; allowed: one writer"
    with pytest.raises(UserError, match=told), one_writer(tmp_path / "out"):
        pytest.fail("two writers")


def test_a_killed_writer_leaves_no_lock(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / f".out{SUFFIX}").exists()
    with one_writer(tmp_path / "out"):
        assert str(os.getpid()) in (tmp_path / f".out{SUFFIX}").read_text()
    assert not (tmp_path / f".out{SUFFIX}").exists()


def test_private_names_of_a_killed_process_are_removed_by_the_next_and_those_of_a_living_one_kept(tmp_path, holder):
    with private_folder("test") as own:
        assert own.exists() and own.parent.stat().st_mode & 0o077 == 0
        assert (Path(holder.folder) / "names").exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (Path(holder.folder) / "names").exists()
    with private_folder("test"):
        assert not Path(holder.folder).exists()
    assert names(tmp_path) == [f".out{SUFFIX}"]


def test_a_private_folder_that_is_being_made_is_kept_and_an_old_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    new, old = tmp_path / "ganoscope-test-new", tmp_path / "ganoscope-test-old"
    new.mkdir()
    old.mkdir()
    long_ago = time.time() - 2 * locks.STALE_SECONDS
    os.utime(old, (long_ago, long_ago))
    with private_folder("test"):
        assert new.exists() and not old.exists()


def test_one_process_has_one_writer_too_and_another_destination_is_free(tmp_path):
    with one_writer(tmp_path / "out"), one_writer(tmp_path / "other"):
        with pytest.raises(UserError, match=f"got process {os.getpid()} on"), one_writer(tmp_path / "out"):
            pytest.fail("two writers")
        (tmp_path / "link").symlink_to(tmp_path / "out")
        with pytest.raises(UserError, match="one writer at a time"), one_writer(tmp_path / "link"):
            pytest.fail("two writers through a link")
    with one_writer(tmp_path / "out"):
        pass
    assert names(tmp_path) == ["link"]


def test_a_refused_call_leaves_no_parents_behind(tmp_path):
    with pytest.raises(UserError, match="no"), one_writer(tmp_path / "deep" / "deeper" / "out"):
        raise UserError("no")
    assert names(tmp_path) == []


def test_a_lock_file_that_is_a_link_is_refused_and_its_target_kept(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for link in (os.symlink, os.link):
        link(victim, tmp_path / f".out{SUFFIX}")
        with pytest.raises(UserError, match="is a link"), one_writer(tmp_path / "out"):
            pytest.fail("followed a link")
        (tmp_path / f".out{SUFFIX}").unlink()
    assert victim.read_text() == "mine"


def test_where_files_cannot_be_locked_a_note_says_so(tmp_path, monkeypatch, capsys):
    def refuse(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "lock", refuse)
    with one_writer(tmp_path / "out"):
        pass
    assert "can't be locked" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_a_damaged_lock_file_still_holds(tmp_path):
    with one_writer(tmp_path / "out"):
        for content in ("", "{", "[1]", '{"pid": "x"}', "9" * 5000):
            (tmp_path / f".out{SUFFIX}").write_text(content)
            with pytest.raises(UserError, match="a process that has just begun"), one_writer(tmp_path / "out"):
                pytest.fail("two writers")


def test_a_folder_with_leftovers_alone_is_vacant(tmp_path):
    assert is_vacant(tmp_path) and is_vacant(tmp_path / "missing")
    (tmp_path / ".run.json.partial").touch()
    assert is_vacant(tmp_path)
    (tmp_path / "mine.txt").touch()
    assert not is_vacant(tmp_path)
    assert not is_vacant(tmp_path / "mine.txt")
