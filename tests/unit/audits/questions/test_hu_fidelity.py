from dataclasses import replace

import numpy as np
import pytest
from tests.fixtures.audits import make_evidence, take_real

from ganoscope.audits.questions import hu_fidelity
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hu")
    for name, seed in (("store", 0), ("others", 5)):
        phantom(folder / name, PhantomConfig(modality="ct", number=200, size=32, seed=seed))
    return Store.open(folder / "store"), Store.open(folder / "others")


def test_images_of_other_patients_have_the_same_units(stores):
    store, others = stores
    evidence = make_evidence(store, *take_real(others, "train", "validation", "test"))
    for one in (evidence, replace(evidence, held_out=None)):
        answer = hu_fidelity.ask(one)
        assert answer.outcome == "clear"
        assert "would have been seen" in answer.verdict


def test_a_shift_of_soft_tissue_is_a_fault_in_its_range(stores):
    store, others = stores
    images, labels = take_real(others, "train", "validation", "test")
    pixels = store.intensity.to_pixels(images).astype(np.float64)
    soft = (pixels > 0) & (pixels < 100)
    shifted = store.intensity.to_network(pixels + 40 * soft).astype(np.float32)
    answer = hu_fidelity.ask(make_evidence(store, shifted, labels))
    assert answer.outcome == "fault"
    assert "hu_wasserstein_soft_tissue" in answer.details["worse_than_floor"]
    assert "soft tissue" in answer.verdict


def test_other_pixels_are_not_tested(phantom_store):
    with pytest.raises(UserError, match="not in HU"):
        hu_fidelity.ask(make_evidence(phantom_store, *take_real(phantom_store, "train")))
