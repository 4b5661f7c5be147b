"""The command line itself: a command that is stopped leaves nothing half done."""

import os
import signal
import time

import pytest

from ganoscope import cli
from ganoscope.files import new_folder
from ganoscope.signals import keep_handlers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_stopped_leaves_nothing_half_done(number, tmp_path, monkeypatch, capsys):
    def work(_):
        with new_folder(tmp_path / "out") as folder:
            (folder / "half").touch()
            os.kill(os.getpid(), number)
            time.sleep(10)

    monkeypatch.setattr(cli, "dispatch", work)
    with keep_handlers():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # work in the background has none
        with pytest.raises(SystemExit) as stopped:
            cli.main(["generate"])
    assert stopped.value.code == 128 + number
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["phantom", "st\udcff"], ["train", "dcgan", "store", "\ud800"], ["\udc80"]])
def test_names_that_are_no_text_are_refused_in_words(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.execute(arguments) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert r"an argument is no valid text: got " in told and "allowed: names in UTF-8. Rename" in told
    assert not list(tmp_path.iterdir())
