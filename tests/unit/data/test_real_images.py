"""Images of several stores in one row are those of the stores, in the order asked for."""

import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.data import real_images
from ganoscope.data.real_images import RealImages, join_images, split_blocks


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    rng = np.random.default_rng(0)
    stores = (
        write_store(
            tmp_path_factory.mktemp("stores") / name, [{}] * count, rng.integers(0, 256, (count, 16, 16), np.uint8)
        )
        for name, count in (("one", 6), ("other", 5))
    )
    one, other = stores
    return RealImages(one, np.array([1, 2, 5])), RealImages(other, np.array([0, 3]))


def test_joined_images_are_those_of_the_stores(sides):
    joined = join_images(*sides)
    whole = np.concatenate([side.store.load_images(side.indices) for side in sides])
    assert len(joined) == 5
    assert (joined[:] == whole).all()
    assert (joined[2:4] == whole[2:4]).all()
    order = np.array([4, 0, 3, 1])
    taken = joined.take(order)
    assert (taken[:] == whole[order]).all()
    assert (taken.take(np.array([2, 0]))[:] == whole[[3, 4]]).all()


def test_blocks_are_all_images_in_their_order(sides, monkeypatch):
    monkeypatch.setattr(real_images, "BLOCK", 2)
    joined = join_images(*sides)
    blocks = list(split_blocks(joined))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert (np.concatenate(blocks) == joined[:]).all()
