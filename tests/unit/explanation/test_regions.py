"""Where maps lie: inside the anatomy, on its boundary, in the background."""

import numpy as np
import pytest

from ganoscope.explanation.regions import (
    REGIONS,
    Attention,
    compare,
    compute_shares,
    find_anatomy,
    find_margin,
    measure_share,
    split_regions,
    summarise,
)

SIZE = 32


def test_anatomy_is_the_filled_outline_without_specks():
    yy, xx = np.mgrid[:64, :64]
    radius = np.hypot(yy - 32, xx - 30)
    image = np.where(radius < 20, -0.2, -1.0)
    image[radius < 5] = -1.0
    image[2:4, 2:5] = 1.0
    mask = find_anatomy(image)
    assert mask[32, 30]
    assert not mask[3, 3]
    assert mask.sum() == pytest.approx((radius < 20).sum(), rel=0.03)


@pytest.mark.parametrize("value", [False, True])
def test_a_mask_without_contour_has_no_boundary(value):
    regions = split_regions(np.full((SIZE, SIZE), value))
    assert set(np.unique(regions)) == {0 if value else 2}
    assert compute_shares(np.ones((1, SIZE, SIZE)), regions[None]).sum() == 1


def test_a_constant_image_has_no_anatomy():
    assert find_anatomy(np.full((SIZE, SIZE), -1.0)).sum() in (0, SIZE * SIZE)


def test_regions_are_compared_real_minus_generated():
    shares = np.random.default_rng(0).dirichlet((8, 1, 1), 30)
    real = Attention(shares, np.full((30, 3), 1 / 3), [str(index) for index in range(30)])
    generated = Attention(shares[:, ::-1], real.areas, real.groups)
    difference = compare(real, generated, 0)
    assert list(difference) == list(REGIONS)
    assert difference["inside"].low > 0.5
    assert summarise(real, 0)["inside"].enrichment == pytest.approx(shares[:, 0].mean() * 3)


def test_dark_bars_are_found_at_the_edges_alone():
    image = np.full((SIZE, SIZE), -1.0)
    image[4:-2, 6:] = 0.3
    image[10:14] = -1.0
    margin = find_margin(image)
    assert margin[:4].all()
    assert margin[-2:].all()
    assert margin[:, :6].all()
    assert margin.sum() == SIZE * SIZE - 26 * 26
    assert not find_margin(np.full((SIZE, SIZE), 0.0)).any()
    assert find_margin(np.full((SIZE, SIZE), -1.0)).all()


def test_the_share_inside_a_mask_is_not_defined_for_an_empty_map():
    maps, mask = np.zeros((2, 4, 4)), np.zeros((2, 4, 4), bool)
    maps[0], mask[:, :, 0] = 1, True
    np.testing.assert_array_equal(measure_share(maps, mask), [0.25, np.nan])
