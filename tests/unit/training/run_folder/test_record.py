"""The record of a run: the commit is read from git's files, and git, which runs what a configuration names, is not."""

import subprocess

import pytest

from ganoscope.training.run_folder.record import read_commit


def git(folder, *arguments):
    command = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "-q", "one")
    git(tmp_path / "one", "commit", "-q", "--allow-empty", "-m", "first")
    return tmp_path / "one"


def test_the_commit_of_a_branch_is_read(checkout):
    commit = git(checkout, "rev-parse", "HEAD")
    assert read_commit(checkout / ".git") == commit
    git(checkout, "pack-refs", "--all")
    assert read_commit(checkout / ".git") == commit
    git(checkout, "checkout", "-q", commit)
    assert read_commit(checkout / ".git") == commit


def test_the_commit_of_a_linked_worktree_is_read(checkout, tmp_path):
    git(checkout, "worktree", "add", "-q", "-b", "other", tmp_path / "two")
    git(tmp_path / "two", "commit", "-q", "--allow-empty", "-m", "second")
    assert read_commit(tmp_path / "two" / ".git") == git(tmp_path / "two", "rev-parse", "HEAD")
    assert read_commit(tmp_path / "two" / ".git") != read_commit(checkout / ".git")


def test_no_program_is_run(checkout, monkeypatch):
    git(checkout, "config", "core.fsmonitor", "touch planted")
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(read_commit(checkout / ".git")) == 40
