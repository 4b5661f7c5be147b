"""Damaged side files: every command succeeds or refuses in words. `benchmarks/fuzz_side_files.py` tries hundreds."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

FUZZ = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "fuzz_side_files.py")))
EDITS = 36


@pytest.mark.slow
def test_no_damaged_side_file_ends_in_a_traceback(tmp_path):
    FUZZ.warm_up()
    at = FUZZ.prepare_artefacts(tmp_path / "made")
    failures = []
    results = FUZZ.fuzz(at, EDITS, 7, lambda index, result: failures.append((index, *result)))
    assert failures == []
    assert sum(result[4] == "refused" for result in results) > EDITS / 3
