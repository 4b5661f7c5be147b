"""Ctrl-C, TERM and hang-up end a command alike: cleaned up, in words, with the status that shells expect."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from ganoscope.signals import ENDING, Stopped, hold_signals, keep_handlers, list_heeded, raise_on_signals

WAIT = """
import sys, time
from ganoscope import cli
cli.dispatch = lambda arguments: print("begun", flush=True) or time.sleep(60)
cli.main([])
"""
HELD = """
import time
from ganoscope import cli
from ganoscope.errors import StoppedError
from ganoscope.signals import hold_signals
def run(arguments):
    with hold_signals() as received:
        print("begun", flush=True)
        while not received():
            time.sleep(0.01)
    raise StoppedError("saved", received())
cli.dispatch = run
cli.main([])
"""


@pytest.fixture(autouse=True)
def handlers():
    with keep_handlers():
        yield


@pytest.mark.parametrize(("script", "words"), [(WAIT, "interrupted; everything completed"), (HELD, "saved")])
@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_a_command_in_words_and_with_its_status(script, words, number):
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert words in told and "Traceback" not in told


def test_a_process_under_nohup_does_not_heed_a_hang_up():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert signal.SIGHUP not in list_heeded()
    raise_on_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    with pytest.raises(Stopped) as stopped:
        os.kill(os.getpid(), signal.SIGTERM)
    assert stopped.value.number == signal.SIGTERM


def test_a_second_signal_does_not_disturb_the_clean_up():
    raise_on_signals()
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)


def test_held_signals_are_told_and_the_handlers_restored():
    before = [signal.getsignal(number) for number in ENDING]
    with hold_signals() as received:
        assert received() == 0
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert received() == signal.SIGHUP
    assert [signal.getsignal(number) for number in ENDING] == before


def test_another_thread_can_train_too():
    seen = []

    def hold():
        with hold_signals() as received:
            seen.append(received())

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert seen == [0]


def test_a_terminal_that_hangs_up_does_not_break_the_save(tmp_path):
    done = tmp_path / "done"
    say_more = f'print("x", flush=True); open({str(done)!r}, "w"); raise StoppedError("saved"'
    script = HELD.replace('raise StoppedError("saved"', say_more)
    main, other = os.openpty()
    process = subprocess.Popen([sys.executable, "-c", script], stdout=other, stderr=other, stdin=other)
    os.close(other)
    assert os.read(main, 5) == b"begun"
    os.close(main)
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 128 + signal.SIGHUP
    assert done.exists()
