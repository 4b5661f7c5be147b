"""Verdicts over patients: classifiers of several seeds are judged one by one, and arms without images not at all."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.data.arrays import save_arrays
from ganoscope.evaluate.classification.metrics import METRICS
from ganoscope.files.tables import save_csv
from ganoscope.statistics.auroc import compute_macro_auroc
from ganoscope.studies.evidence.comparisons import EXPLORATORY, average_seeds, compare_over_patients
from ganoscope.studies.result_files import HELD_OUT, PREDICTIONS, RESULT_COLUMNS
from ganoscope.studies.result_tables import read_outcomes

SEEDS, SPLITS, PATIENTS = 3, 4, 120
DESIGN = SimpleNamespace(
    config=SimpleNamespace(seed=0, margin=0.01, compared=("filtered",)),
    exploratory=False,
    ratio=0.25,
    plan=SimpleNamespace(count=SPLITS),
)


def write_study(folder, spread, added=(50,) * SPLITS):
    """A study whose arms are equally good; the answers of the seeds of the baseline differ by `spread`."""
    rng, rows, evaluations = np.random.default_rng(1), [], []
    for split in range(SPLITS):
        codes = np.arange(PATIENTS) % 2
        arrays = {f"{HELD_OUT}/codes": codes, f"{HELD_OUT}/groups": np.array([f"p{n}" for n in range(PATIENTS)])}
        shared = rng.normal(size=PATIENTS)
        for arm, own in (("baseline", spread), ("filtered", 0.0)):
            noise = [np.sqrt(1 - own) * shared + np.sqrt(own) * rng.normal(size=PATIENTS) for _ in range(SEEDS)]
            for seed, each in enumerate(noise):
                second = 1 / (1 + np.exp(-(codes + each)))
                answers = np.stack([1 - second, second], 1)
                arrays[f"{HELD_OUT}/{arm}/cnn/{seed}"] = answers
                auroc = float(compute_macro_auroc(codes, answers, np.ones((1, PATIENTS)))[0])
                key = {"split": split, "part": HELD_OUT, "arm": arm, "family": "cnn", "seed": seed}
                counts = {"added": added[split] * (arm == "filtered"), "asked": 50 * (arm == "filtered")}
                rows.append({**dict.fromkeys(RESULT_COLUMNS, 0), **key, **counts, **dict.fromkeys(METRICS, auroc)})
        evaluations.append(folder / f"{split}")
        evaluations[-1].mkdir()
        save_arrays(evaluations[-1] / PREDICTIONS, arrays)
    save_csv(folder / "results.csv", ("split", *RESULT_COLUMNS), rows)
    return read_outcomes(folder, "auroc", SPLITS), evaluations


def compare(outcomes, evaluations):
    return next(compare_over_patients(outcomes, evaluations, (HELD_OUT, "cnn", ("filtered",)), DESIGN, decides=True))


def test_classifiers_are_judged_and_not_their_ensemble(tmp_path):
    found = compare(*write_study(tmp_path, spread=0.8))
    assert found.difference.value == pytest.approx(np.mean(found.differences))
    assert abs(found.difference.value) < 0.03, "averaged answers would make the baseline look better by 0.1"


def test_values_are_averaged_over_the_seeds_of_an_arm():
    assert average_seeds(np.arange(12.0).reshape(2, 6), 3).tolist() == [[0.5, 2.5, 4.5], [6.5, 8.5, 10.5]]


def test_splits_in_which_an_arm_has_no_image_are_left_out(tmp_path):
    outcomes, evaluations = write_study(tmp_path, spread=0.5, added=(50, 0, 20, 50))
    assert outcomes.added["filtered"].without == (1,)
    assert (outcomes.added["filtered"].mean, outcomes.added["filtered"].asked) == (30, 50)
    found = compare(outcomes, evaluations)
    assert found.difference.splits == SPLITS - 1
    assert np.isnan(found.differences).tolist() == [False, True, False, False]
    assert found.difference.value == pytest.approx(np.nanmean(found.differences))


def test_an_arm_that_never_has_an_image_is_no_evidence(tmp_path):
    found = compare(*write_study(tmp_path, spread=0.5, added=(0,) * SPLITS))
    assert (found.verdict.word, found.decides, found.difference.splits) == ("no evidence", True, 0)
    assert EXPLORATORY not in found.verdict.word
