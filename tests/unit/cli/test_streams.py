"""Output never stops the work: terminals without Unicode, readers that leave, full disks, closed streams."""

import os
import subprocess
import sys

import pytest

PRINT = (
    "from ganoscope import cli\n"
    "def work(_):\n"
    "    for line in range(20_000): cli.OUTPUT.print(f'line {line}: M\\u00fcller \\u2192 \\u2265 5 mm')\n"
    "    cli.ERRORS.print('done \\u2713')\n"
    "    return 0\n"
    "cli.dispatch = work\n"
    "cli.main([])\n"
)


def call(shell="", **environment):
    """Runs the command line that prints much; `shell` follows the command."""
    command = f'"{sys.executable}" -c "$PRINT" {shell}'
    paths = os.pathsep.join(filter(None, sys.path))
    variables = {**os.environ, "PYTHONPATH": paths, "PRINT": PRINT, **environment}
    return subprocess.run(["bash", "-c", command], env=variables, capture_output=True, check=False)


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}],
    ids=str,
)
def test_letters_that_a_terminal_lacks_are_escaped(environment):
    done = call(**environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 20_000
    assert b"done" in done.stderr
    assert b"Traceback" not in done.stderr


def test_work_goes_on_when_the_reader_leaves():
    done = call("| head -1; echo status ${PIPESTATUS[0]}")
    assert done.stdout.splitlines()[1:] == [b"status 0"]
    assert done.stderr.decode().strip() == "done \u2713"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_output_that_can_not_be_written_is_told():
    done = call("> /dev/full")
    assert done.returncode == 2
    assert "done" in done.stderr.decode()
    assert "error: standard output could not be written: No space left" in done.stderr.decode()


@pytest.mark.parametrize("shell", [">&-", ">&- 2>&-"])
def test_closed_streams_are_no_fault(shell):
    assert call(shell).returncode == 0
