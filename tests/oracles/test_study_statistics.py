"""Statistics of studies against published worked examples, other packages' figures, and second, naive versions."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import count_draws
from ganoscope.statistics.corrected_t import compare_splits, compute_corrected_interval, compute_fold_ratio
from ganoscope.statistics.descriptive.bayesian_t import compute_posterior
from ganoscope.statistics.descriptive.effect_size import compute_effect_size
from ganoscope.statistics.descriptive.false_outperformance import (
    compute_false_outperformance,
    compute_false_outperformance_of_mean,
)
from ganoscope.statistics.holm import adjust_directions, adjust_holm
from ganoscope.statistics.patient_bootstrap import HeldOut, resample_patients
from ganoscope.statistics.patient_jackknife import estimate_patient_variances
from ganoscope.statistics.planning.power import compute_minimum_detectable_difference, compute_power
from ganoscope.statistics.real_patients import fit_isotonic

SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
"""Differences of R's data set `sleep` (Student 1908)."""


def score_kernels():
    """AUROC of kernels in ten times ten folds, as in scikit-learn's example `plot_grid_search_stats`."""
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    images, labels = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    models = {"rbf": SVC(), "linear": SVC(kernel="linear"), "poly": SVC(kernel="poly", degree=3)}
    return {name: cross_val_score(model, images, labels, scoring="roc_auc", cv=folds) for name, model in models.items()}


def test_scikit_learns_worked_example():
    """Its page prints t 0.750, one-sided p 0.227, interval -0.016445 to 0.036445, probabilities 0.773 and 0.432.

    https://scikit-learn.org/1.3/auto_examples/model_selection/plot_grid_search_stats.html
    """
    scores = score_kernels()
    found = compare_splits(scores["rbf"] - scores["linear"], compute_fold_ratio(10))
    assert found.value / found.standard_error == pytest.approx(0.750, abs=5e-4)
    assert found.p / 2 == pytest.approx(0.227, abs=5e-4)
    assert (found.low, found.high) == pytest.approx((-0.016445, 0.036445), abs=5e-7)
    assert compute_corrected_interval(found, 0.75) == pytest.approx((-0.005422, 0.025422), abs=5e-7)
    assert compute_posterior(found, 0.01).equal == pytest.approx(0.432, abs=5e-4)
    assert compute_false_outperformance_of_mean(found) == pytest.approx(1 - 0.773, abs=5e-4)
    other = compare_splits(scores["rbf"] - scores["poly"], compute_fold_ratio(10))
    assert other.value / other.standard_error == pytest.approx(1.657, abs=5e-4)


def test_r_on_the_sleep_data():
    """`t.test(extra ~ group, sleep, paired = TRUE)`: p 0.002833, 0.7001142 to 2.4598858; `hedges_g`: 1.17.

    Interval of d by the package effectsize: 0.41 to 2.12.
    """
    found = compare_splits(SLEEP, 0.0)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858), abs=5e-8)
    assert compute_effect_size(found) == pytest.approx((1.17, 0.41, 2.12), abs=5e-3)


def naive_corrected_t(differences, tested, trained):
    """(t, p) with sums written out, and the tail of Student's t by numerical integration."""
    splits = len(differences)
    mean = math.fsum(differences) / splits
    variance = math.fsum((one - mean) ** 2 for one in differences) / (splits - 1)
    value = mean / math.sqrt((1 / splits + tested / trained) * variance)
    degrees = splits - 1
    constant = math.gamma((degrees + 1) / 2) / math.sqrt(degrees * math.pi) / math.gamma(degrees / 2)
    tail = integrate.quad(
        lambda x: constant * (1 + x * x / degrees) ** (-(degrees + 1) / 2), abs(value), math.inf, epsabs=1e-13
    )
    return value, 2 * tail[0]


@pytest.mark.parametrize("splits", [3, 10, 25])
def test_the_corrected_t_test_written_out(splits):
    differences = np.random.default_rng(splits).normal(0.01, 0.02, splits)
    found = compare_splits(differences, 60 / 240)
    value, p = naive_corrected_t(differences.tolist(), 60, 240)
    assert found.value / found.standard_error == pytest.approx(value)
    assert found.p == pytest.approx(p, rel=1e-8)


TWO_RUNS = np.array([[0.812, 0.790, 0.841, 0.772, 0.803, 0.820, 0.795, 0.836, 0.781, 0.799],
                     [0.825, 0.801, 0.850, 0.790, 0.801, 0.834, 0.800, 0.845, 0.790, 0.812]])  # fmt: skip
ONE_RUN = np.array([[0.81, 0.79, 0.84, 0.77, 0.80], [0.83, 0.80, 0.85, 0.80, 0.79]])


def test_baycomp():
    """`baycomp.two_on_single(x, y, rope=0.01, runs=...)` of baycomp 1.0.3 (left, rope, right), and with rope=0."""
    one = compare_splits(ONE_RUN[1] - ONE_RUN[0], compute_fold_ratio(5))
    two = compare_splits(TWO_RUNS[1] - TWO_RUNS[0], compute_fold_ratio(5))
    found = [compute_posterior(one, 0.01), compute_posterior(two, 0.01)]
    assert [found[0].left, found[0].equal, found[0].right] == pytest.approx(
        [0.04575784266539068, 0.3794921573346097, 0.5747499999999997], abs=1e-12
    )
    assert [found[1].left, found[1].equal, found[1].right] == pytest.approx(
        [8.631256948860414e-05, 0.5118666950133749, 0.48804699241713645], abs=1e-12
    )
    assert compute_false_outperformance_of_mean(one) == pytest.approx(0.14712818401221317, abs=1e-12)
    assert compute_false_outperformance_of_mean(two) == pytest.approx(0.006895035309134712, abs=1e-12)


def test_statsmodels():
    """statsmodels 0.15.0: `multipletests(p, method="holm")`, and `TTestPower().solve_power` and `.power`."""
    p = np.array([0.001, 0.04, 0.03, 0.2, 0.011])
    assert adjust_holm(p).tolist() == pytest.approx([0.005, 0.09, 0.09, 0.2, 0.044])
    assert adjust_directions(p).tolist() == pytest.approx([0.005, 0.14, 0.12, 0.6, 0.0495])
    for splits, alpha, expected in [
        (5, 0.05, 1.6819970833232674),
        (25, 0.05, 0.5840261396263716),
        (25, 0.0125, 0.7149099317877884),
        (10, 0.01, 1.332032088437076),
    ]:
        assert compute_minimum_detectable_difference(splits, 0.0, alpha) == pytest.approx(expected, rel=5e-6)
    wrong_sign = 6.34e-6  # counted by statsmodels
    assert compute_power(0.5, 25, 0.0, 0.05) == pytest.approx(0.6697077041795115 - wrong_sign, abs=1e-7)


@pytest.mark.parametrize(("ours", "theirs", "cases"), [(12, 5, 100), (30, 22, 400), (0, 0, 10), (3, 9, 50)])
def test_false_outperformance_is_the_integral_over_the_dirichlet_distribution(ours, theirs, cases):
    drawn = np.random.default_rng(0).dirichlet([ours + 1, theirs + 1, cases - ours - theirs + 2], 400_000)
    share = np.mean(drawn[:, 0] <= drawn[:, 1])
    assert compute_false_outperformance(ours, theirs) == pytest.approx(share, abs=0.003)
    exact = stats.binom.cdf(theirs, ours + theirs + 1, 0.5)  # the beta function of whole numbers is a binomial sum
    assert compute_false_outperformance(ours, theirs) == pytest.approx(exact, abs=1e-12)


def make_splits(seed, patients=12, splits=3):
    rng = np.random.default_rng(seed)
    held = []
    for _ in range(splits):
        member = np.repeat(rng.choice(patients, 8, replace=False), 3)
        codes = rng.permutation(np.arange(24) % 2)
        second = rng.integers(1, 8, size=(2, 24)) / 10
        held.append(HeldOut(np.array([f"p{number}" for number in member]), codes, np.stack([1 - second, second], 2)))
    return held


def test_resampled_patients_written_out():
    splits = make_splits(1)
    values, resampled = resample_patients(splits, stream(4, Stream.BOOTSTRAP), 50)
    names = sorted({name for split in splits for name in split.patients})
    for row, times in zip(resampled, count_draws(len(names), stream(4, Stream.BOOTSTRAP), 50), strict=True):
        for arm in range(2):
            expected = []
            for split in splits:
                drawn = [
                    image
                    for name, count in zip(names, times, strict=True)
                    for _ in range(count)
                    for image in np.flatnonzero(split.patients == name)
                ]
                if len(set(split.codes[drawn])) == 2:
                    expected.append(roc_auc_score(split.codes[drawn], split.probabilities[arm][drawn, 1]))
            assert row[arm] == pytest.approx(np.mean(expected))
    plain = [np.mean([roc_auc_score(s.codes, s.probabilities[arm][:, 1]) for s in splits]) for arm in range(2)]
    assert values.tolist() == pytest.approx(plain)


def test_the_jackknife_over_patients_written_out():
    splits = make_splits(2)
    names = sorted({name for split in splits for name in split.patients})

    def mean_auroc(arm, without):
        values = []
        for split in splits:
            kept = split.patients != without
            full = roc_auc_score(split.codes, split.probabilities[arm][:, 1])
            both = len(set(split.codes[kept])) == 2
            values.append(roc_auc_score(split.codes[kept], split.probabilities[arm][kept, 1]) if both else full)
        return np.mean(values)

    levels = np.array([[mean_auroc(arm, name) for arm in range(2)] for name in names])
    shares = [levels[:, 0], levels[:, 1], levels[:, 1] - levels[:, 0]]
    expected = [(len(names) - 1) / len(names) * np.square(each - each.mean()).sum() for each in shares]
    found, differences = estimate_patient_variances(splits)
    assert [*found, differences[1]] == pytest.approx(expected)


def test_the_jackknife_is_delongs_variance():
    rng = np.random.default_rng(3)
    codes = np.arange(400) % 2
    second = rng.uniform(size=(2, 400)) + 0.3 * codes
    wins = second[:, codes == 1][:, :, None] > second[:, codes == 0][:, None]  # (arm, positive, negative)
    gap = wins[1].astype(float) - wins[0]
    delong = gap.mean(1).var(ddof=1) / 200 + gap.mean(0).var(ddof=1) / 200
    split = HeldOut(np.arange(400), codes, np.stack([1 - second, second], 2))
    assert estimate_patient_variances([split])[1][1] == pytest.approx(delong, rel=0.02)


def test_isotonic_curves_are_scikit_learns():
    curves = np.random.default_rng(0).normal(size=(40, 6)) + np.arange(6) * 0.4
    for row, fitted in zip(curves, fit_isotonic(curves), strict=True):
        assert fitted.tolist() == pytest.approx(IsotonicRegression().fit_transform(np.arange(6), row).tolist())
