"""NumPy: MedMNIST's arrays, which `prepare` reads back."""

import numpy as np

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.writers import GENERATED, Output, Stack, npz
from ganoscope.workflows.prepare import prepare


def write(folder, classes=()):
    pixels = np.random.default_rng(0).integers(-1024, 3071, (20, 32, 32)).astype(np.int16)
    stack = Stack(20, 32, IntensityMap(-1024, 3071, "HU", "int16"), classes, (0.7, 0.8))
    with npz.open_writer(folder, stack) as add:
        for number, picture in enumerate(pixels):
            assert add(Output(picture, "HU", GENERATED), f"{number}", number % 2) == ""
    return pixels


def test_hounsfield_units_survive_the_way_through_a_store(tmp_path):
    (tmp_path / "made").mkdir()
    pixels = write(tmp_path / "made")
    store = prepare(tmp_path / "made", tmp_path / "store", PrepareConfig(size=32, modality="CT", hu_offset=0))
    assert store.intensity.unit == "HU"
    assert np.array_equal(np.sort(store.images, axis=0), np.sort(pixels, axis=0))


def test_labels_are_codes_and_only_there_with_classes(tmp_path):
    write(tmp_path, ("a", "b"))
    with np.load(tmp_path / npz.NAME, allow_pickle=False) as archive:
        assert archive["train_labels"].ravel().tolist() == [number % 2 for number in range(20)]
    write(tmp_path)
    with np.load(tmp_path / npz.NAME, allow_pickle=False) as archive:
        assert list(archive) == ["train_images"]
