"""Worker processes start with a safe path."""

import os

from ganoscope.parallel import worker


def test_processes_do_not_search_the_working_directory_and_the_environment_is_restored(monkeypatch):
    monkeypatch.delenv(worker.SAFE_PATH, raising=False)
    with worker.safe_path():
        assert os.environ[worker.SAFE_PATH] == "1"
    assert worker.SAFE_PATH not in os.environ
    monkeypatch.setenv(worker.SAFE_PATH, "")
    with worker.safe_path():
        pass
    assert os.environ[worker.SAFE_PATH] == ""
