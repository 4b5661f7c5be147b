"""The command line itself: a command that is stopped leaves nothing half done."""

import os
import signal
import time

import pytest

from ganoscope import cli
from ganoscope.files import new_folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_leaves_nothing_half_done(number, tmp_path, monkeypatch, capsys):
    def work(_):
        with new_folder(tmp_path / "out") as folder:
            (folder / "half").touch()
            os.kill(os.getpid(), number)
            time.sleep(10)

    monkeypatch.setattr(cli, "dispatch", work)
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # work in the background has none
    try:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["generate"])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert stopped.value.code == 130
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
