"""The isolated decoder: whatever happens to it, the next frame is decoded."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEGLSLossless,
)
from tests.fixtures.dicom_files import (
    AIR_TO_BONE,
    CT,
    read_one,
    refusal,
    write,
)

from ganoscope.data.dicom import isolated

JPEGLS_HEADER = b"\xff\xd8\xff\xf7\0\x0b\x10\0\x02\0\x03\x01" + bytes(30)


def test_a_decoder_that_dies_of_a_frame_takes_nothing_with_it(file, monkeypatch):
    imagecodecs = pytest.importorskip("imagecodecs")
    pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    frame = imagecodecs.jpegls_encode(pixels)
    write(file, pixels, JPEGLSLossless, content=encapsulate([frame]), **CT)
    assert read_one(file).pixels.tolist() == (pixels.astype(int) - 1024).tolist()
    first = isolated.start_decoder(os.getpid())
    ask = isolated.ask
    with monkeypatch.context() as patch:  # as its C++ code does on some damaged streams
        patch.setattr(isolated, "ask", lambda process, *rest: (process.kill(), process.wait(), ask(process, *rest))[2])
        assert refusal(file) == "damaged: a frame can't be decoded"
    assert read_one(file).pixels.tolist() == (pixels.astype(int) - 1024).tolist()
    assert isolated.start_decoder(os.getpid()) is not first


def test_a_decoder_that_somebody_ended_is_started_anew(file):
    imagecodecs = pytest.importorskip("imagecodecs")
    write(file, AIR_TO_BONE, JPEGLSLossless, content=encapsulate([imagecodecs.jpegls_encode(AIR_TO_BONE)]), **CT)
    process = isolated.start_decoder(os.getpid())
    process.kill()
    process.wait()
    assert read_one(file).pixels.tolist() == [[-1024, -1000, -100], [0, 50, 1000]]


def test_a_decoder_that_never_ends_is_given_up(file, monkeypatch):
    monkeypatch.setattr(isolated, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(isolated, "ask", lambda process, *_: (process.wait(30), ({}, b""))[1])
    write(file, AIR_TO_BONE, JPEGLSLossless, content=encapsulate([JPEGLS_HEADER]), **CT)
    assert refusal(file) == "damaged: a frame can't be decoded"


def test_a_decoder_is_ended_in_the_middle_of_its_work_by_processor_time():
    code = "from ganoscope.data.dicom.isolated import ending_after\nwith ending_after(0.3):\n    sum(range(10**11))"
    done = subprocess.run([sys.executable, "-c", code], timeout=60)
    assert done.returncode == -signal.SIGPROF


def test_the_memory_of_a_decoder_is_bounded_by_the_size_that_the_header_states():
    options = {"rows": 512, "columns": 512, "samples_per_pixel": 3, "bits_allocated": 8}
    assert isolated.count_working_bytes(options) - isolated.WORKING_BYTES == 16 * 512 * 512 * 3
