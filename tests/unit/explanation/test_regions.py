"""Where maps lie: inside the anatomy, on its boundary, in the background."""

import numpy as np
import pytest

from ganoscope.explanation.regions import (
    REGIONS,
    Attention,
    compare,
    compute_shares,
    find_anatomy,
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
