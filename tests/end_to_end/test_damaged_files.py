"""Some hundred damaged files of every format: none crashes, hangs or ends `prepare`, or takes more than its memory."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/fuzz_files.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_mutated_files_are_read_or_put_aside():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--count", "600", "--first", "50000", "--folder", "300"],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "findings (crashes, hangs, tracebacks, unexpected faults): 0" in done.stdout
    peak = int(done.stdout.split("largest memory of a process: ")[1].split()[0])
    assert peak <= 1024
    assert int(done.stdout.split("from 50000: ")[1].split()[0]) > 100  # not everything was broken
