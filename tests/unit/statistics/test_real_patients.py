"""Worth in real patients: coverage on curves that are known, sentences, and nothing beyond the curve."""

import numpy as np
import pytest

from ganoscope.seeds import Stream, stream
from ganoscope.statistics.real_patients import (
    Worth,
    describe_worth,
    draw_means,
    estimate_worth,
    find_size,
    fit_isotonic,
)

SIZES = np.array([50, 100, 200, 400])
RATIO, SPLITS = 0.25, 25


def read_curve(patients):
    return 0.9 - 0.6 * np.asarray(patients, np.float64) ** -0.6


def draw_study(rng, worth, sd=0.01, slope=1.0):
    """A curve and an arm of 100 real patients in splits that share patients as the corrected test assumes."""
    truth = 0.9 + slope * (read_curve(np.append(SIZES, 100 + worth)) - 0.9)
    shared = RATIO / (1 + RATIO)

    def draw(count):
        return np.sqrt(0.5) * (rng.normal(size=(count, 1)) + rng.normal(size=(count, len(truth))))

    values = truth + sd * (np.sqrt(shared) * draw(1) + np.sqrt(1 - shared) * draw(SPLITS))
    return values[:, :-1], values[:, -1]


def measure(rng, worth, **options):
    curve, arm = draw_study(rng, worth, **options)
    return estimate_worth(SIZES, curve, 100, arm, RATIO, stream(0, Stream.BOOTSTRAP))


@pytest.mark.parametrize("worth", [60, -30])
def test_intervals_cover_the_true_worth(worth):
    rng = np.random.default_rng(0)
    found = [measure(rng, worth) for _ in range(80)]
    assert 0.88 <= np.mean([one.low <= worth <= one.high for one in found]) <= 1
    assert abs(np.median([one.added for one in found]) - worth) < 15


def test_nothing_is_told_beyond_the_curve():
    found = measure(np.random.default_rng(0), 5000, sd=0.001)
    assert (found.added, found.high, found.most) == (300, 300, 300)
    assert describe_worth(found).startswith("equal to adding over 300 real patients (95% interval:")


def test_a_flat_curve_or_one_that_ends_at_the_arm_tells_nothing():
    flat = measure(np.random.default_rng(0), 60, slope=0.0)
    assert describe_worth(flat).startswith("can't be told: over 50 fewer to over 300 more")
    curve, arm = draw_study(np.random.default_rng(1), 60)
    ended = estimate_worth(SIZES[:2], curve[:, :2], 100, arm, RATIO, stream(0, Stream.BOOTSTRAP))
    assert describe_worth(ended) == "can't be told: no point of the low-data curve has more real patients than the arm"


@pytest.mark.parametrize(
    ("added", "low", "high", "most", "sentence"),
    [
        (41.4, 12.2, 90.0, 300, "equal to adding 41 more real patients (95% interval: 12 more to 90 more)"),
        (-20.0, -50.0, 3.0, 300, "equal to taking away 20 real patients (95% interval: over 50 fewer to 3 more)"),
        (
            -50.0,
            -50.0,
            -30.0,
            0,
            "equal to taking away over 50 real patients (95% interval: over 50 fewer to 30 fewer)",
        ),
    ],
)
def test_sentences(added, low, high, most, sentence):
    assert describe_worth(Worth(100, added, low, high, -50, most)) == sentence


def test_the_curve_is_read_backwards():
    curve = np.array([0.6, 0.7, 0.7, 0.8])
    assert find_size(SIZES, curve, 0.65) == pytest.approx(np.sqrt(50 * 100))
    assert find_size(SIZES, curve, 0.7) == pytest.approx(np.sqrt(100 * 200))
    assert find_size(SIZES, curve, 0.5) == 50
    assert find_size(SIZES, curve, 0.6) == 50
    assert find_size(SIZES, curve, 0.8) == find_size(SIZES, curve, 0.9) == 400


def test_isotonic_curves_keep_their_mean_and_never_fall():
    curves = np.random.default_rng(0).normal(size=(200, 5))
    fitted = fit_isotonic(curves)
    assert (np.diff(fitted, axis=1) >= -1e-12).all()
    assert fitted.mean(1).tolist() == pytest.approx(curves.mean(1).tolist())


def test_draws_have_the_variance_of_the_corrected_test():
    values = np.random.default_rng(0).normal(size=(25, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]])
    drawn = draw_means(values, RATIO, stream(0, Stream.BOOTSTRAP), 40_000)
    expected = (1 / 25 + RATIO) * np.cov(values.T) * 24 / 22  # of Student's t at 24 degrees of freedom
    assert np.cov(drawn.T).ravel().tolist() == pytest.approx(expected.ravel().tolist(), rel=0.04)
    assert drawn.mean(0).tolist() == pytest.approx(values.mean(0).tolist(), abs=0.02)
