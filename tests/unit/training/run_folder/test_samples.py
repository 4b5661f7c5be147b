from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ganoscope.figures.sheets import GAP_GREY
from ganoscope.training.run_folder.samples import COLUMNS, MAX_ROWS, ROWS, choose_rows, draw_samples, fill_row, spread


@pytest.mark.parametrize("classes", [0, 1, 2, 3, 8, 9, 24, 100])
def test_every_class_has_a_row_as_far_as_there_is_room(classes):
    rows = choose_rows(classes)
    assert len(rows) == max(ROWS, min(classes, MAX_ROWS))
    counts = np.bincount(rows, minlength=max(classes, 1))
    assert set(rows) == set(range(min(max(classes, 1), MAX_ROWS)))
    assert counts[counts > 0].max() - counts[counts > 0].min() <= 1


def test_a_row_of_too_few_pictures_is_filled_with_plain_ones():
    row = fill_row(np.full((3, 4, 4), 200, np.uint8), 8)
    assert row.shape == (8, 4, 4)
    assert (row[:3] == 200).all()
    assert (row[3:] == GAP_GREY).all()


def test_indices_are_spread_evenly_and_none_is_repeated():
    indices = np.arange(100, 200)
    assert spread(indices, 4).tolist() == [100, 133, 166, 199]
    assert spread(indices[:3], 8).tolist() == [100, 101, 102]


class Probe(nn.Module):
    def forward(self, z, label=None):
        value = z[:, :1] if label is None else label[:, None].float()
        return value[:, None, None].expand(-1, 1, 4, 4)


def test_samples_come_from_fixed_noise_and_rows_of_classes():
    plain = SimpleNamespace(latent_dim=5, classes=0)
    first, second = (draw_samples(Probe(), plain, torch.device("cpu")) for _ in range(2))
    assert first.shape == (ROWS * COLUMNS, 4, 4)
    assert np.array_equal(first, second) and len(np.unique(first)) == ROWS * COLUMNS
    conditional = draw_samples(Probe(), SimpleNamespace(latent_dim=5, classes=2), torch.device("cpu"))
    assert conditional[:, 0, 0].tolist() == [0.0] * (4 * COLUMNS) + [1.0] * (4 * COLUMNS)
