"""The bootstrap over groups against plain loops, SciPy's bootstrap and a simulation."""

import numpy as np
import pytest
from scipy import stats

from ganoscope.seeds import Stream, stream
from ganoscope.statistics import bootstrap
from ganoscope.statistics.bootstrap import (
    RESAMPLES,
    count_draws,
    draw_groups,
    draw_weights,
    estimate_difference,
    estimate_mean,
    number_groups,
)


def test_counts_are_those_of_the_groups_drawn():
    drawn = draw_groups(7, seed=2)
    counts = count_draws(7, stream(2, Stream.BOOTSTRAP), RESAMPLES)
    assert drawn.shape == counts.shape == (RESAMPLES, 7)
    for row, times in zip(drawn[:50], counts, strict=False):
        assert np.bincount(row, minlength=7).tolist() == times.tolist()
    assert (counts.sum(1) == 7).all()


def test_weights_keep_groups_whole_and_do_not_depend_on_the_cut(monkeypatch):
    member = number_groups(6, list("abacba"))
    whole = np.concatenate(list(draw_weights(member, stream(0, Stream.BOOTSTRAP), 200)))
    monkeypatch.setattr(bootstrap, "BLOCK_VALUES", 40)
    blocks = list(draw_weights(member, stream(0, Stream.BOOTSTRAP), 200))
    assert len(blocks) > 10
    assert np.array_equal(np.concatenate(blocks), whole)
    assert (whole[:, [0, 0, 1]] == whole[:, [2, 5, 4]]).all()
    assert whole[:, [0, 1, 3]].sum(1).tolist() == [3] * 200


def test_the_interval_of_a_mean_is_that_of_groups_written_out():
    random = np.random.default_rng(0)
    values, groups = random.normal(size=60), random.integers(0, 20, 60)
    values[::9] = np.nan
    found = estimate_mean(values, [f"{group:02}" for group in groups], seed=5)
    known = np.isfinite(values)
    names = np.unique(groups[known])
    means = [
        np.mean(np.concatenate([values[known & (groups == names[group])] for group in row]))
        for row in draw_groups(len(names), seed=5)
    ]
    assert found.value == pytest.approx(np.nanmean(values))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, (0.025, 0.975))))
    assert (found.n, found.groups) == (known.sum(), len(names))


def test_without_groups_the_interval_is_scipys():
    values = np.random.default_rng(1).exponential(size=200)
    found = estimate_mean(values)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", random_state=0)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.05 * width)


def test_a_difference_has_the_variance_of_both_sets():
    random = np.random.default_rng(2)
    first, second = random.normal(1, 1, 300), random.normal(0, 2, 200)
    found = estimate_difference(first, second)
    error = np.sqrt(first.var() / 300 + second.var() / 200)
    assert found.value == pytest.approx(first.mean() - second.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert (found.n, found.groups, found.excludes_zero) == (500, 500, True)


def test_nothing_measured_gives_nan_and_no_interval():
    found = estimate_mean(np.full(3, np.nan))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert (found.n, found.groups, found.excludes_zero) == (0, 0, False)


def test_intervals_over_patients_cover_the_truth_and_those_over_images_do_not():
    covered = naive = 0
    for seed in range(120):
        random = np.random.default_rng(seed)
        values = np.repeat(random.normal(size=40), 6) + 0.2 * random.normal(size=240)
        patients = np.repeat(np.arange(40), 6).astype(str).tolist()
        by_patient, by_image = estimate_mean(values, patients, seed), estimate_mean(values, None, seed)
        covered += by_patient.low <= 0 <= by_patient.high
        naive += by_image.low <= 0 <= by_image.high
    assert covered / 120 >= 0.87
    assert naive / 120 <= 0.75
