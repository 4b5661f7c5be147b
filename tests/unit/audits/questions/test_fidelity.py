import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from tests.fixtures.audits import make_evidence, take_real

from ganoscope.audits.questions import fidelity
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("fidelity") / "phantoms"
    phantom(path, PhantomConfig(modality="mri", number=400, size=32))
    return Store.open(path)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Phantoms of other patients: what an oracle generator makes."""
    path = tmp_path_factory.mktemp("fidelity") / "others"
    phantom(path, PhantomConfig(modality="mri", number=200, size=32, seed=5))
    return take_real(path, "train", "validation", "test")


def test_images_of_other_patients_are_not_told_from_real_ones(store, others):
    answer = fidelity.ask(make_evidence(store, *others))
    assert answer.outcome == "clear"
    assert answer.verdict.startswith("No difference from real images is shown. None of 13 numbers is worse")
    assert "would have been seen" in answer.verdict
    names = {(value.name, value.extractor) for value in answer.values if value.images == "all"}
    families = ("random network, seed 0", "radiomics")
    wanted = ("frechet_distance", "kernel_distance", "precision", "density", "clipped_density")
    assert names >= {(name, family) for name in (*wanted, "feature_likelihood_divergence") for family in families}
    assert ("radial_power_spectrum", "") in names
    assert all(value.measured.floor is not None for value in answer.values)


def test_blur_is_a_fault_that_says_how_far_and_what_is_missing(store, others):
    blurred = gaussian_filter(others[0], (0, 0, 0.8, 0.8)).astype(np.float32)
    answer = fidelity.ask(make_evidence(store, blurred, others[1]))
    assert answer.outcome == "fault"
    assert f"in {len(answer.details['worse_than_floor'])} of 13 numbers" in answer.verdict
    assert "Farthest off is " in answer.verdict
    assert "times that between real patients" in answer.verdict
    assert "_" not in answer.verdict
    assert "dB less power at the finest frequencies" in answer.verdict
    assert "frechet_distance in radiomics" in answer.details["worse_than_floor"]


def test_without_held_out_images_the_floor_is_that_of_halves_and_what_needs_them_is_named(store, others):
    from dataclasses import replace

    answer = fidelity.ask(replace(make_evidence(store, *others), held_out=None))
    assert answer.outcome == "clear"
    assert any("improbability of unseen real images" in warning for warning in answer.warnings)
