"""A few of the faults of `benchmarks/fault_injection.py`: what is left is whole, and the same call goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "fault_injection.py"


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["generate", "train"])
def test_a_few_faults_leave_nothing_wrong(verb):
    command = [sys.executable, SCRIPT, "--verbs", verb, "--points", "4", "--kinds", "kill", "full", "TERM"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 faults in all\n")
    assert f"{verb}, kill at places: 4 trials, 4 broken" in done.stdout
