"""The bootstrap over patients: coverage where splits and images share patients, where naive intervals fail; speed."""

import time

import numpy as np
import pytest
from scipy.stats import norm

from ganoscope.seeds import Stream, stream
from ganoscope.statistics import patient_bootstrap
from ganoscope.statistics.auroc import compute_auroc
from ganoscope.statistics.patient_bootstrap import (
    HeldOut,
    compare_on_patients,
    compute_difference_interval,
    count_fewest_patients,
    resample_patients,
)


def draw_study(rng, patients=150, splits=5, images=2, tested=0.4):
    """Two fixed models, with images of a patient that resemble each other, scored in every split that tests them."""
    labels = rng.permutation(np.arange(patients) % 2)
    own = rng.normal(size=(2, patients)) + np.array([[0.8], [1.2]]) * labels
    held = []
    for _ in range(splits):
        chosen = rng.permutation(patients)[: int(tested * patients)]
        member = np.repeat(chosen, images)
        scores = own[:, member] + 0.3 * rng.normal(size=(2, len(member)))
        second = norm.cdf(scores)
        held.append(HeldOut(member, labels[member], np.stack([1 - second, second], 2)))
    return held


TRUTH = float(norm.cdf(1.2 / np.sqrt(2 * 1.09)) - norm.cdf(0.8 / np.sqrt(2 * 1.09)))


def naive_interval(splits):
    """Splits for independent, and images too."""
    rng = np.random.default_rng(0)
    differences = []
    for split in splits:
        weights = rng.multinomial(len(split.codes), np.full(len(split.codes), 1 / len(split.codes)), 200).astype(float)
        first, second = (compute_auroc(arm[:, 1], split.codes == 1, weights) for arm in split.probabilities)
        differences.append(second - first)
    return np.quantile(np.mean(differences, axis=0), (0.025, 0.975))


def test_intervals_cover_where_naive_ones_do_not():
    covered, naive, studies = 0, 0, 150
    for seed in range(studies):
        splits = draw_study(np.random.default_rng(seed))
        found = compare_on_patients(splits, stream(seed, Stream.BOOTSTRAP), 400)[0]
        covered += found.low <= TRUTH <= found.high
        low, high = naive_interval(splits)
        naive += low <= TRUTH <= high
    assert 0.90 <= covered / studies <= 0.99
    assert naive / studies < 0.80


def test_the_cut_into_blocks_changes_nothing(monkeypatch):
    splits = draw_study(np.random.default_rng(0))
    whole = resample_patients(splits, stream(1, Stream.BOOTSTRAP), 100)[1]
    monkeypatch.setattr(patient_bootstrap, "BLOCK_VALUES", 1000)
    assert np.array_equal(resample_patients(splits, stream(1, Stream.BOOTSTRAP), 100)[1], whole)


def test_equal_arms_differ_by_nothing_and_counts_are_those_of_patients():
    split = draw_study(np.random.default_rng(0))[0]
    same = HeldOut(split.patients, split.codes, split.probabilities[[0, 0, 1]])
    first, second = compare_on_patients([same], stream(0, Stream.BOOTSTRAP), 200)
    assert (first.value, first.low, first.high) == (0, 0, 0)
    assert second.low < second.value < second.high
    assert (second.n, second.groups) == (120, 60)


def test_a_resample_without_a_class_leaves_its_split_out():
    codes = np.array([0, 0, 0, 1])
    probabilities = np.tile(np.array([0.1, 0.2, 0.3, 0.9])[None, :, None], (1, 1, 2))
    values, resampled = resample_patients(
        [HeldOut(np.arange(4), codes, probabilities)], stream(0, Stream.BOOTSTRAP), 200
    )
    assert values.tolist() == [1.0]
    assert np.isnan(resampled).any()
    assert np.nanmin(resampled) == np.nanmax(resampled) == 1.0


@pytest.mark.slow
def test_25_splits_of_500_patients_take_seconds():
    splits = draw_study(np.random.default_rng(0), patients=2500, splits=25, images=1, tested=0.2)
    started = time.process_time()
    compare_on_patients(splits, stream(0, Stream.BOOTSTRAP))
    assert time.process_time() - started < 10


def test_models_that_rank_all_patients_perfectly_give_no_interval_of_their_difference():
    second = np.arange(20) / 20
    answers = np.stack([np.stack([1 - scores, scores], 1) for scores in (second, second**2)])
    split = HeldOut(np.arange(20), np.arange(20) // 10, answers)
    values, resampled = resample_patients([split], stream(0, Stream.BOOTSTRAP), 50)
    assert values.tolist() == [1, 1]
    assert np.isnan(compute_difference_interval(resampled[:, 1] - resampled[:, 0], 0.95)).all()


def test_patients_are_counted_once_whatever_the_number_of_splits():
    codes, answers = np.array([0, 0, 1, 1]), np.full((1, 4, 2), 0.5)
    splits = [HeldOut(np.array(names), codes, answers) for names in (["a", "a", "b", "b"], ["a", "c", "b", "b"])]
    assert count_fewest_patients(splits) == 1
