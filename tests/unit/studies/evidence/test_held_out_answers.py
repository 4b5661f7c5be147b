"""Changes without each patient, and the variances that they give: as a jackknife over all splits at once would."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from ganoscope.data.arrays import save_arrays
from ganoscope.evaluate.classification.metrics import METRICS, Predictions
from ganoscope.statistics.patient_bootstrap import HeldOut
from ganoscope.statistics.patient_jackknife import BLOCKS, estimate_patient_variances
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.evidence.held_out_answers import (
    collect_changes,
    measure_changes,
    name_metric,
    number_blocks,
    read_held_out,
    read_patient_variances,
)
from ganoscope.studies.result_files import CHANGES, HELD_OUT, PREDICTIONS

ARMS = (BASELINE, "augmented", "duplicated")
CLASSES = ("ill", "well")
PATIENTS = 40


def draw_split(rng, seeds=2, patients=PATIENTS):
    """Predictions of every arm and seed for some patients of two images; `duplicated` answers as the baseline does."""
    member = np.repeat(rng.permutation(patients)[: patients // 2], 2)
    groups, codes = np.array([f"p{one}" for one in member]), member % 2
    found = {}
    for seed in range(seeds):
        first, second = (rng.uniform(size=len(member)).round(2) * 0.7 + codes * 0.3 for _ in range(2))
        for arm, scores in zip(ARMS, (first, second, first), strict=True):
            answers = np.stack([1 - scores, scores], 1)
            found[arm, seed] = Predictions(HELD_OUT, groups, codes, groups, answers, answers, CLASSES)
    return found


def save_evaluations(folder, splits=4, **options):
    """(Folders of evaluations, predictions by arm and seed for each of them)."""
    rng, drawn = np.random.default_rng(0), []
    for number in range(splits):
        drawn.append(draw_split(rng, **options))
        changes, arrays = [], {}
        for (arm, seed), one in drawn[-1].items():
            blocks = number_blocks(one.groups, PATIENTS)
            found = measure_changes(one, [("view", "frontal", is_frontal(one.groups))], blocks)
            changes.append((HELD_OUT, f"{arm}/cnn", blocks, found))
            arrays |= {f"held_out/{arm}/cnn/{seed}": one.probabilities, "held_out/codes": one.codes}
            arrays["held_out/groups"] = one.groups
        (folder / str(number)).mkdir()
        save_arrays(folder / str(number) / CHANGES, collect_changes(changes))
        save_arrays(folder / str(number) / PREDICTIONS, arrays)
    return [folder / str(number) for number in range(splits)], drawn


def is_frontal(groups):
    """Three of four patients, of both classes."""
    return np.array([int(name[1:]) % 8 < 6 for name in groups.tolist()])


def jackknife(drawn, measure):
    """Variance of a mean over splits and seeds, by leaving every patient out of all splits at once, written plainly."""

    def average(without):
        return np.mean([measure(one, one.groups != without) for split in drawn for one in split])

    names = sorted({name for split in drawn for one in split for name in one.groups.tolist()})
    values = np.array([average(name) for name in names])
    return (len(names) - 1) / len(names) * np.square(values - values.mean()).sum()


def test_variances_are_those_of_leaving_each_patient_out_of_all_splits(tmp_path):
    folders, drawn = save_evaluations(tmp_path)
    found = read_patient_variances(folders)

    def accuracy(one, kept):
        return accuracy_score(one.codes[kept], one.predicted[kept])

    def frontal_auroc(one, kept):
        own = kept & is_frontal(one.groups)
        return roc_auc_score(one.codes[own], one.probabilities[own, 1])

    for arm in ARMS:
        ones = [[one for (name, _), one in split.items() if name == arm] for split in drawn]
        assert found.find_level(HELD_OUT, arm, "cnn", "accuracy") == pytest.approx(jackknife(ones, accuracy), rel=1e-4)
        metric = name_metric("auroc", "view", "frontal")
        expected = jackknife(ones, frontal_auroc)
        assert found.find_level(HELD_OUT, arm, "cnn", metric) == pytest.approx(expected, rel=1e-4)
    assert {metric for *_, metric in found.levels} >= {*METRICS, name_metric("sensitivity", "class", "ill")}


def test_arms_that_answer_alike_differ_on_no_patient(tmp_path):
    found = read_patient_variances(save_evaluations(tmp_path)[0])
    for metric in METRICS:
        assert found.find_difference(HELD_OUT, "duplicated", "cnn", metric) == 0
        assert found.find_difference(HELD_OUT, "augmented", "cnn", metric) > 0
        level = found.find_level(HELD_OUT, BASELINE, "cnn", metric)
        assert found.find_level(HELD_OUT, "duplicated", "cnn", metric) == level > 0
    assert np.isnan(found.find_level(HELD_OUT, "unknown", "cnn", "auroc"))


def test_with_one_seed_they_are_the_routine_of_the_statistics(tmp_path):
    folders, drawn = save_evaluations(tmp_path, seeds=1)
    splits = [
        HeldOut(
            split[BASELINE, 0].groups, split[BASELINE, 0].codes, np.stack([split[arm, 0].probabilities for arm in ARMS])
        )
        for split in drawn
    ]
    levels, differences = estimate_patient_variances(splits)
    found = read_patient_variances(folders)
    for place, arm in enumerate(ARMS):
        assert found.find_level(HELD_OUT, arm, "cnn", "auroc") == pytest.approx(levels[place], rel=1e-4)
        assert found.find_difference(HELD_OUT, arm, "cnn", "auroc") == pytest.approx(differences[place], rel=1e-4)


def test_a_metric_counts_in_the_splits_in_which_it_is_defined(tmp_path):
    """A split in which a subgroup holds one class has no AUROC there: it is as if it were not there."""
    folders, _ = save_evaluations(tmp_path, splits=3)
    one = draw_split(np.random.default_rng(5), seeds=1)[BASELINE, 0]
    blocks = number_blocks(one.groups, PATIENTS)
    alone = measure_changes(one, [("view", "frontal", one.codes == 0)], blocks)
    name = name_metric("auroc", "view", "frontal")
    assert np.isnan(alone[name]).all()
    before = read_patient_variances(folders[:2])
    (tmp_path / "alone").mkdir()
    save_arrays(tmp_path / "alone" / CHANGES, collect_changes([(HELD_OUT, f"{BASELINE}/cnn", blocks, alone)]))
    after = read_patient_variances([*folders[:2], tmp_path / "alone"])
    place = (HELD_OUT, BASELINE, "cnn", name)
    assert after.levels[place] == pytest.approx(before.levels[place], rel=0.2)


def test_many_patients_are_left_out_in_blocks_that_are_alike_in_all_splits():
    groups = np.array([f"p{number}" for number in range(2000)])
    few, many = number_blocks(groups, BLOCKS), number_blocks(groups, BLOCKS + 1)
    assert len(set(few.tolist())) == 2000
    assert len(set(many.tolist())) <= BLOCKS
    assert number_blocks(groups[::3], 2000).tolist() == many[::3].tolist()


def test_answers_of_seeds_stay_apart(tmp_path):
    folders, drawn = save_evaluations(tmp_path, splits=1)
    held = read_held_out(folders[0], HELD_OUT, "cnn", ARMS)
    assert held.probabilities.shape == (2 * 3, PATIENTS, 2)
    for seed in range(2):
        assert np.allclose(held.probabilities[2 + seed], drawn[0]["augmented", seed].probabilities)
    assert held.patients.tolist() == drawn[0]["augmented", 0].groups.tolist()
