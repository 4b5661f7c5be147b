"""Which sample grids are shown, and which part of them."""

import numpy as np
from PIL import Image

from ganoscope.figures.sheets import make_sheet
from ganoscope.reports.run.sections.samples import choose_grids, crop_grid
from ganoscope.training.run_folder.samples import COLUMNS


def test_the_last_grid_is_always_among_those_chosen():
    for count in range(1, 30):
        seen = [48 * number for number in range(count)]
        chosen = choose_grids(seen)
        assert chosen == sorted(set(chosen))
        assert chosen[-1] == count - 1
        assert len(chosen) <= 6
        assert count == 1 or 0 not in chosen


def test_the_first_cells_are_cut_out_with_their_frame():
    cells = np.arange(64, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    small = make_sheet(np.stack([cells[row * COLUMNS + column] for row in range(2) for column in range(2)]), 2)
    grid = Image.fromarray(make_sheet(cells, COLUMNS))
    assert np.array_equal(np.asarray(crop_grid(grid, 2)), small)


def test_a_grid_with_captions_stays_whole():
    grid = Image.new("L", (90, 60))
    assert crop_grid(grid) is grid
