"""Variances over patients, from the predictions that evaluations leave."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

from ganoscope.data.arrays import save_arrays
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.config import ENDPOINTS
from ganoscope.studies.held_out_answers import compute_metric, measure_patient_variances, read_held_out
from ganoscope.studies.result_files import EXTERNAL, HELD_OUT, PREDICTIONS, SYNTHETIC
from ganoscope.studies.result_tables import Outcomes

ARMS = (BASELINE, "augmented", "duplicated")


def save_evaluations(folder, splits=3, seeds=2):
    """Evaluations in which `duplicated` answers as the baseline does."""
    rng = np.random.default_rng(0)
    for number in range(splits):
        path = folder / str(number)
        path.mkdir()
        arrays = {}
        for part in (HELD_OUT, EXTERNAL, SYNTHETIC):
            codes = np.arange(30) % 2
            arrays |= {f"{part}/codes": codes, f"{part}/groups": np.array([f"p{i // 2}" for i in range(30)])}
            for seed in range(seeds):
                first = rng.uniform(size=30)
                for arm, second in zip(ARMS, (first, rng.uniform(size=30), first), strict=True):
                    arrays[f"{part}/{arm}/cnn/{seed}"] = np.stack([1 - second, second], 1)
        save_arrays(path / PREDICTIONS, arrays)
    return [folder / str(number) for number in range(splits)]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_arms_that_answer_alike_differ_on_no_patient(tmp_path, endpoint):
    values = {(part, arm, "cnn"): np.zeros(3) for part in (HELD_OUT, EXTERNAL, SYNTHETIC) for arm in ARMS}
    found = measure_patient_variances(Outcomes(values, {}), save_evaluations(tmp_path), endpoint)
    assert found.differences[HELD_OUT, "duplicated", "cnn"] == 0
    assert found.differences[HELD_OUT, "augmented", "cnn"] > 0
    assert found.levels[HELD_OUT, "duplicated", "cnn"] == found.levels[HELD_OUT, BASELINE, "cnn"] > 0
    assert {part for part, _, _ in found.levels} == {HELD_OUT, EXTERNAL}  # generated images are of no patient


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_is_scikit_learns(endpoint):
    rng = np.random.default_rng(1)
    codes, second = rng.permutation(np.arange(60) % 2), rng.uniform(size=60)
    chosen = (second > 0.5).astype(int)
    expected = {
        "auroc": roc_auc_score(codes, second),
        "auprc": average_precision_score(codes, second),
        "balanced_accuracy": balanced_accuracy_score(codes, chosen),
        "accuracy": accuracy_score(codes, chosen),
        "f1_weighted": f1_score(codes, chosen, average="weighted"),
    }
    found = compute_metric(endpoint, codes, np.stack([1 - second, second], 1), np.ones((1, 60)))
    assert found.tolist() == pytest.approx([expected[endpoint]])


def test_answers_are_averaged_over_seeds(tmp_path):
    folder = save_evaluations(tmp_path, splits=1)[0]
    held = read_held_out(folder, HELD_OUT, "cnn", ARMS)
    assert held.probabilities.shape == (3, 30, 2)
    assert np.array_equal(held.probabilities[0], held.probabilities[2])
