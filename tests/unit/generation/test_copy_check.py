"""Training images are rejected however they were altered; images of other patients hardly ever are."""

import numpy as np
import pytest
from scipy.ndimage import shift

from ganoscope.copies import null
from ganoscope.copies.null import HeldOut
from ganoscope.copies.significance import FEWEST_HELD_OUT
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.generation import copy_check
from ganoscope.generation.copy_check import make_copy_check
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.prepare import prepare

CHANGES = {
    "none": lambda x: x,
    "brighter": lambda x: np.clip(x + 0.25, -1, 1),
    "more contrast": lambda x: np.clip(x * 1.2, -1, 1),
    "shifted, edges repeated": lambda x: np.stack([shift(image, (2, -2), mode="nearest") for image in x]),
    "shifted, black edges": lambda x: np.stack([shift(image, (-2, 2), cval=-1, order=1) for image in x]),
    "noise": lambda x: x + np.random.default_rng(1).normal(0, 0.05, x.shape),
    "mirrored": lambda x: x[:, :, ::-1],
    "turned": lambda x: np.rot90(x, 1, (1, 2)),
    "inverted": lambda x: -x,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return phantom(tmp_path_factory.mktemp("copies") / "store", PhantomConfig(modality="cxr", number=300, size=64))


@pytest.fixture(scope="module")
def check(store):
    return make_copy_check(store, seed=0)


def flag(check, images):
    return check.flag(check.compute_p(check.search.match(np.ascontiguousarray(images, np.float32))))


@pytest.mark.parametrize("name", CHANGES)
def test_an_altered_training_image_is_rejected(check, store, name):
    copied = store.load_images(store.indices("train")[:40:5])[:, 0]
    assert flag(check, CHANGES[name](copied)).all()


def test_other_patients_are_hardly_ever_rejected(check, store):
    others = store.load_images(store.indices("test"))[:, 0]
    assert flag(check, others).sum() <= 2
    assert not flag(check, np.zeros_like(others[:2])).any()


def test_the_rule_says_what_it_was_measured_on(check, store):
    said = check.describe()
    assert said["held_out"] == len(store.indices("validation")) >= FEWEST_HELD_OUT
    assert said["groups"] == len(set(store.column("group")[store.indices("validation")]))
    assert said["false_positives"] == 0.01
    assert said["planted"] == 60
    assert said["planted_found"] >= 50


def test_with_few_held_out_images_the_rate_is_that_of_the_highest_rank(phantom_store):
    store = Store.open(phantom_store)
    check = make_copy_check(store, 0)
    count = len(store.indices("validation"))
    assert count < FEWEST_HELD_OUT
    assert check.rule.false_positives == 2 / (count + 1)
    assert flag(check, store.load_images(store.indices("train")[:8])[:, 0]).all()
    blocks = store.load_images(store.indices("validation"))[:, 0]
    assert not flag(check, blocks).any(), "held-out images can't exceed themselves"


def test_copies_that_would_pass_are_warned_of(store, monkeypatch, capsys):
    monkeypatch.setattr(Store, "indices", lambda *_: np.arange(60))  # each held-out image is itself a training image
    make_copy_check(store, 0)
    assert "altered copies may pass" in " ".join(capsys.readouterr().err.split())


def test_a_store_without_validation_images_is_refused(store, monkeypatch):
    monkeypatch.setattr(copy_check, "choose_held_out", lambda *_: HeldOut(np.empty(0, np.int64), 0, True))
    with pytest.raises(UserError, match="got 0 validation images"):
        make_copy_check(store, 0)


def test_held_out_images_are_spread_over_their_groups(phantom_store, monkeypatch):
    store = Store.open(phantom_store)
    monkeypatch.setattr(null, "MOST_HELD_OUT", 12)
    assert make_copy_check(store, 0).rule.groups == min(
        12, len(set(store.column("group")[store.indices("validation")]))
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brain_mri", "chest_xray", "nih_cxr64"])
def test_copies_of_real_images_are_rejected_and_other_patients_are_not(name, shared_data, tmp_path):
    store = prepare(shared_data / name, tmp_path / "store", PrepareConfig(size=64))
    check = make_copy_check(store, seed=0)
    training = store.indices("train")
    copied = store.load_images(np.sort(np.random.default_rng(0).permutation(training)[:30]))[:, 0]
    found = {change: flag(check, alter(copied)).mean() for change, alter in CHANGES.items()}
    assert min(found.values()) > 0.9, found
    sides = (RealImages(store, store.indices(split)) for split in ("train", "test"))
    others = null.choose_held_out(*sides, 0).positions  # but for those that repeat a training image
    assert flag(check, store.load_images(store.indices("test")[others])[:, 0]).mean() < 0.06
