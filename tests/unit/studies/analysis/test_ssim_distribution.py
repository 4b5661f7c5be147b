"""The distributions of SSIM: which pairs they are of."""

import json

import numpy as np
import pytest
import torch

from ganoscope.data.arrays import load_arrays
from ganoscope.data.store import Store
from ganoscope.evaluate.ssim import compute_ssim
from ganoscope.studies.analysis.ssim_distribution import choose, measure_ssim


@pytest.fixture
def store(phantom_store):
    return Store.open(phantom_store)


def test_all_synthetic_are_compared_with_all_real_and_patients_with_other_patients(store, tmp_path):
    found = measure_ssim(store, store, (9, 11), 0, tmp_path)
    arrays = load_arrays(tmp_path / "ssim.npz", "")
    real, drawn = choose(store.indices("train"), 9, 0, 0), choose(np.arange(store.count), 11, 0, 1)
    one = compute_ssim(*(torch.from_numpy(store.load_images(places[2:3])) for places in (drawn, real)))
    assert arrays["synthetic_to_real"].shape == (11, 9)
    assert arrays["synthetic_to_real"][2, 2] == pytest.approx(one[0], abs=1e-4)
    groups = store.column("group")[real]
    assert found.real_to_real.pairs == sum(groups[i] != groups[j] for i in range(9) for j in range(i))
    assert set(store.column("split")[real]) == {"train"}


def test_the_record_describes_the_values(store, tmp_path):
    found = measure_ssim(store, store, (9, 11), 0, tmp_path)
    values = load_arrays(tmp_path / "ssim.npz", "")["synthetic_to_real"]
    written = json.loads((tmp_path / "ssim.json").read_text())
    assert written["synthetic_to_real"]["mean"] == pytest.approx(values.mean()) == found.synthetic_to_real.mean
    assert found.synthetic_to_real.quantiles[2] == pytest.approx(np.median(values))


def test_with_one_patient_there_is_no_real_pair(store, tmp_path):
    assert measure_ssim(store, store, (1, 3), 0, tmp_path).real_to_real is None
