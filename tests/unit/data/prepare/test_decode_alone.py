"""A file that ends the process which reads it is put aside with a reason, and nothing else changes."""

import csv
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from tests.fixtures import dicom_files

from ganoscope.data.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

PLANT = """
import os, signal, sys
def end(event, given):
    if event == "open" and "deadly" in str(given[0]):
        frame = sys._getframe()
        while frame:
            if frame.f_code.co_name in os.environ["DEADLY_IN"].split():
                os.kill(os.getpid(), signal.SIGSEGV)
            frame = frame.f_back
sys.addaudithook(end)
"""
"""As a decoder does that crashes: every process ends that opens a file of this name in one of these functions."""


def run_prepare(tmp_path, source, *options, within="decode_file"):
    (tmp_path / "plant").mkdir(exist_ok=True)
    (tmp_path / "plant/sitecustomize.py").write_text(PLANT)
    path = os.pathsep.join(filter(None, (str(tmp_path / "plant"), *sys.path)))
    command = [sys.executable, "-m", "ganoscope", "prepare", str(source), str(tmp_path / "store"), "--size", "16"]
    done = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "DEADLY_IN": within},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Fatal Python error" not in done.stderr
    with (tmp_path / "store/quarantine.csv").open() as file:
        return done, Store.open(tmp_path / "store"), list(csv.DictReader(file))


REASON = "reading it ended the process (signal 11)"


@pytest.mark.parametrize(
    ("count", "workers"),
    [
        (20, "0"),
        pytest.param(20, "1", marks=pytest.mark.slow),
        pytest.param(20, "2", marks=pytest.mark.slow),
        pytest.param(230, "1", marks=pytest.mark.slow),
        pytest.param(230, "2", marks=pytest.mark.slow),
    ],
)
def test_the_store_is_that_of_the_other_files(tmp_path, smooth, count, workers):
    rng = np.random.default_rng(0)
    for number in range(count):
        name = f"in/{'ab'[number % 2]}/{number:03}{'-deadly' if number in (0, 11) else ''}.png"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20)).astype(np.uint8)).save(tmp_path / name)
    _, store, refused = run_prepare(tmp_path, tmp_path / "in", "--workers", workers)
    assert [row["reason"] for row in refused] == [REASON] * 2
    ids, images = store.column("sample_id").tolist(), store.images[:].copy()
    labels = store.column("label").tolist()
    for path in [*(tmp_path / "in").rglob("*deadly*"), *tmp_path.glob("store*")]:
        path.unlink() if path.is_file() else path.rename(tmp_path / "before")
    _, without, refused = run_prepare(tmp_path, tmp_path / "in", "--workers", workers)
    assert refused == []
    assert ids == without.column("sample_id").tolist()
    assert labels == without.column("label").tolist()
    assert np.array_equal(images, without.images[:])


def write_series(folder, smooth):
    folder.mkdir()
    for number in range(6):
        path = folder / f"{number}{'-deadly' if number == 4 else ''}.dcm"
        place = {"ImagePositionPatient": [0, 0, 2 * number], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
        uids = {"SOPInstanceUID": f"1.2.{number}", "StudyInstanceUID": "1.9", "PixelSpacing": [1, 1]}
        pixels = smooth(number, (24, 24)).astype(np.uint16) * 4
        dicom_files.write(path, pixels, **dicom_files.CT, **place, **uids, SeriesInstanceUID="1.8")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("within", ["decode_file", "read_slice"])
def test_of_a_series_only_the_slice_is_put_aside(tmp_path, smooth, within, workers):
    write_series(tmp_path / "in", smooth)
    options = ("--split", "test", "--workers", workers)
    _, store, refused = run_prepare(tmp_path, tmp_path / "in", *options, within=within)
    assert len(store.images) == 5
    assert [row["reason"] for row in refused] == [REASON]
    assert len(set(store.column("series").tolist())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_array_file_that_ends_the_process_is_put_aside(tmp_path, smooth, workers):
    (tmp_path / "in").mkdir()
    for name in ("a", "b-deadly", "c"):
        np.save(tmp_path / f"in/{name}.npy", np.stack([smooth(seed, (20, 20)) for seed in range(3)]).astype(np.uint8))
    for number in range(4):
        Image.fromarray(smooth(number + 9, (20, 20)).astype(np.uint8)).save(tmp_path / f"in/{number}.png")
    _, store, refused = run_prepare(tmp_path, tmp_path / "in", "--split", "test", "--workers", workers)
    assert len(store.images) == 10
    assert [row["reason"] for row in refused] == [REASON]
