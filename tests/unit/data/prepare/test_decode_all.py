"""Batches: sized by the length of the files."""

from pathlib import Path

from ganoscope.data.prepare.decode_all import choose_workers
from ganoscope.data.prepare.listing import Listing


def test_files_travel_together_by_their_length_and_series_alone():
    def together(entries, files, length, size=64):
        return choose_workers(Listing(Path(), entries, files, files * length, "", None), size, 2)

    assert together(5000, 5000, 8 << 10) == (2, 128)
    assert together(5000, 5000, 96 << 10) == (2, 32)
    assert together(5000, 5000, 96 << 10, size=512) == (2, 8)
    assert together(5000, 5000, 100 << 20) == together(0, 0, 0) == (2, 1)
    assert together(50, 5000, 8 << 10) == (2, 1)
