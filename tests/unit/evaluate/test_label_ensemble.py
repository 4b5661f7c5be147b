import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.features import make_random_extractor
from ganoscope.evaluate.label_ensemble import shrink, train_ensemble


def test_it_learns_classes_and_gives_the_same_answers_for_a_seed(disc_store):
    store = Store.open(disc_store)
    train, test = (RealImages(store, store.indices(split)) for split in ("train", "test"))
    first, again, other = (train_ensemble(train, make_random_extractor(), seed) for seed in (0, 0, 1))
    images = store.load_images(test.indices)
    votes = first.ask([images[:5], images[5:]])
    assert votes.shape == (5, len(images), 2)
    assert votes.sum(axis=2) == pytest.approx(1)
    truth = np.searchsorted(first.classes, store.column("label")[test.indices])
    assert (votes.mean(axis=0).argmax(axis=1) == truth).mean() > 0.8
    np.testing.assert_allclose(votes, again.ask([images]), rtol=1e-9)
    assert not np.allclose(votes[0], other.ask([images])[0])


def test_images_without_a_class_are_left_out_and_one_class_is_refused(tmp_path):
    store = write_store(tmp_path / "store", [{"label": ("", "well", "sick")[n % 3]} for n in range(36)])
    real = RealImages(store, store.indices("train"))
    labels = store.column("label")[real.indices]
    assert train_ensemble(real, make_random_extractor(), 0).images == (labels != "").sum()
    alone = RealImages(store, real.indices[labels == "well"])
    with pytest.raises(UserError, match=r"too few classes.*1.*2 or more"):
        train_ensemble(alone, make_random_extractor(), 0)


def test_pixels_are_means():
    image = np.arange(32 * 32, dtype=np.float32).reshape(1, 1, 32, 32)
    naive = [image[0, 0, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean() for y in range(16) for x in range(16)]
    assert shrink(image)[0] == pytest.approx(naive)
