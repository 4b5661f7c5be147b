import numpy as np
import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.audits.opening.given_images import (
    choose_options,
    is_generated,
    read_generated_folder,
    read_synthetic_store,
)
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.generated_folder import read_generated
from ganoscope.generation.config import GenerateConfig
from ganoscope.training.run_folder.record import load_record
from ganoscope.workflows.generate import generate

STACK = np.random.default_rng(1).integers(0, 256, (4, 16, 16)).astype(np.uint8)


@pytest.mark.parametrize("form", ["png", "npz"])
def test_a_generated_folder_is_read_as_it_was_written(form, tiny_run, phantom_store, tmp_path):
    generate(tiny_run, tmp_path / "made", GenerateConfig(number=6, format=form))
    assert is_generated(tmp_path / "made")
    images = read_generated_folder(tmp_path / "made", Store.open(phantom_store))
    known = read_generated(tmp_path / "made", load_record(tiny_run), 6)
    assert np.array_equal(images.load(np.arange(6)), known.images.images)
    assert np.array_equal(images.load(np.array([1, 4])), known.images.images[[1, 4]])
    assert (images.count, len(set(images.names.tolist()))) == (6, 6)
    assert images.sha256 == known.sha256


def test_a_generated_folder_of_another_size_is_refused(tiny_run, tmp_path):
    generate(tiny_run, tmp_path / "made", GenerateConfig(number=2))
    store = write_store(tmp_path / "store", [{}] * 4, STACK)
    with pytest.raises(UserError, match=r"another size than the real ones \(px\): got 32; allowed: 16"):
        read_generated_folder(tmp_path / "made", store)


def test_unlike_ranges_are_matched_and_noted(tmp_path):
    real = write_store(tmp_path / "real", [{}] * 4, STACK)
    made = write_store(tmp_path / "made", [{}] * 4, STACK.astype(np.uint16) * 257, "uint16")
    images = read_synthetic_store(made.path, real)
    assert np.allclose(images.load(np.arange(4)), real.load_images(np.arange(4)), atol=1e-5)
    assert "black was matched with black" in images.notes[0]
    assert read_synthetic_store(real.path, real).notes == ()


def test_images_that_cannot_be_compared_are_refused_with_all_faults(tmp_path):
    real = write_store(tmp_path / "real", [{}] * 4, STACK)
    made = write_store(tmp_path / "made", [{}] * 4, np.zeros((4, 8, 8), np.uint8) + STACK[:, :8, :8])
    object.__setattr__(real, "modality", "MR")
    opened = Store.open(made.path)
    description = (made.path / "store.json").read_text().replace('"modality": ""', '"modality": "CT"')
    (made.path / "store.json").write_text(description)
    with pytest.raises(UserError) as told:
        read_synthetic_store(made.path, real)
    assert all(word in str(told.value) for word in ("another size (px): got 8; allowed: 16", "modality", "CT", "MR"))
    assert opened.size == 8


def test_other_images_are_prepared_as_the_real_ones_were(phantom_store, tmp_path):
    real = write_store(tmp_path / "real", [{}] * 4, STACK)
    real.prepared.update(fit="crop", window="lung", validation=0.4)
    options = choose_options(real)
    assert (options.size, options.fit, options.window, options.split) == (16, "crop", "lung", "test")
    assert choose_options(Store.open(phantom_store)).size == 32
