import numpy as np
import pytest
from tests.fixtures.audits import make_evidence, take_real

from ganoscope.audits.questions import diversity
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.workflows.phantom import phantom


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("diversity") / "phantoms"
    phantom(path, PhantomConfig(modality="mri", number=400, size=32))
    return Store.open(path)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    path = tmp_path_factory.mktemp("diversity") / "others"
    phantom(path, PhantomConfig(modality="mri", number=200, size=32, seed=5))
    return take_real(path, "train", "validation", "test")


def test_images_of_other_patients_are_as_varied_as_real_ones(store, others):
    answer = diversity.ask(make_evidence(store, *others))
    assert answer.outcome == "clear"
    assert "would have been seen" in answer.verdict
    names = {value.name for value in answer.values}
    assert names == {*diversity.NAMES, "ms_ssim_within_set"}


def test_a_collapse_is_a_fault(store, others):
    few = others[0][np.arange(200) % 4] + np.random.default_rng(0).normal(0, 0.02, others[0].shape).astype(np.float32)
    answer = diversity.ask(make_evidence(store, few.clip(-1, 1), others[1]))
    assert answer.outcome == "fault"
    assert answer.verdict.startswith("Synthetic images do not reach the variety of real ones in ")
    assert "_" not in answer.verdict
    worse = answer.details["worse_than_floor"]
    assert {"recall in radiomics", "vendi_score in random network, seed 0", "ms_ssim_within_set in images"} <= {*worse}
