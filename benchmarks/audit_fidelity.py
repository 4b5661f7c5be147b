"""Do measurements of fidelity and diversity see what they should? The 15 sanity checks of arXiv 2505.22450.

Each check draws real and synthetic points from known distributions: equal ones, shifted, narrower or wider ones,
dropped and invented modes, outliers, other numbers of points and dimensions, rescaled features, rounded values. A
measurement passes a criterion where its value at a point is what it must be (1, 0, or an overlap, give or take 0.05),
or where its course has the right shape. The distributions, criteria and tolerances are those of the paper and its
published settings; what is computed here is written anew. Fidelity and diversity are judged by their own criteria, and
a diversity measure may be low or high for a wider synthetic set, as there.

Source: Raisa, van Breugel, van der Schaar 2025, "Position: All Current Generative Fidelity and Diversity Metrics are
    Flawed", https://arxiv.org/abs/2505.22450
Differs: fewer points per course (--points) and repetitions (--repeats, 10 there); sets of equal size are required by
    the measurements here: where the numbers of points differ, the larger set is reduced at random, as an audit does.
"""

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np

from ganoscope.evaluate.clipped_neighbourhoods import compute_clipped_coverage, compute_clipped_density
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.neighbourhoods import compare_sets, find_reference

FIDELITY, DIVERSITY = "fidelity", "diversity"
METRICS = {
    "precision": FIDELITY,
    "density": FIDELITY,
    "clipped_density": FIDELITY,
    "recall": DIVERSITY,
    "coverage": DIVERSITY,
    "clipped_coverage": DIVERSITY,
}
PAIRS = (("precision", "recall"), ("density", "coverage"), ("clipped_density", "clipped_coverage"))
N = 1000
MODES = np.array(
    [
        *((5.47, -4.08), (4.87, -13.65), (-16.39, 9.10), (-2.15, 12.46), (11.56, -4.96)),
        *((-24.61, 14.18), (16.84, -3.19), (-5.48, -6.77), (9.47, 1.06), (-5.40, -17.29)),
    ]
)
"""Centres of five real modes and of five invented ones."""


def measure(real, synthetic, rng):
    """Returns every measurement of a synthetic set, by name."""
    count = min(len(real), len(synthetic))
    first, second = (
        Features(part[rng.permutation(len(part))[:count]], np.arange(count), "points", "none")
        for part in (synthetic, real)
    )
    shares = compare_sets(first, find_reference(second))
    found = {name: getattr(shares, name).value for name in ("precision", "density", "recall", "coverage")}
    found["clipped_density"] = compute_clipped_density(shares).value
    found["clipped_coverage"] = compute_clipped_coverage(shares).value
    return found


def near(target, tolerance=0.05):
    return lambda value: abs(value - target) <= tolerance


def wide(value):
    """What a diversity measure may say of a wider synthetic set."""
    return near(1)(value) or near(0)(value)


def bell(values, middle):
    ends = values[0], values[-1]
    return values[middle] - max(ends) >= 0.2 and max(values) - values[middle] <= 0.1 and min(ends) - min(values) <= 0.1


def falling(values):
    return values[0] - values[-1] >= 0.2 and max(values) - values[0] <= 0.1 and values[-1] - min(values) <= 0.1


def rising(values):
    return falling(values[::-1])


def falls_by_middle(values, quantile):
    place = round(quantile * (len(values) - 1))
    return falling(values) and values[0] - values[place] >= 0.1


def flat(values):
    return max(values) - min(values) <= 0.05


def settles(values):
    return flat(values[len(values) // 2 :])


class Check:
    """A course of points, and the criteria that a measurement's values along it must meet."""

    def __init__(self, name, course, draw, criteria):
        self.name, self.course, self.draw, self.criteria = name, course, draw, criteria


def at(place, predicate):
    return lambda values: predicate(values[place])


def both(criterion):
    return {FIDELITY: criterion, DIVERSITY: criterion}


def gauss(rng, count, dimension, mean=0.0, deviation=1.0):
    return rng.normal(mean, deviation, (count, dimension))


def mixture(rng, count, means, deviation, shares):
    chosen = rng.choice(len(means), count, p=shares / np.sum(shares))
    return rng.normal(means[chosen], deviation)


def on_sphere(rng, count, dimension, radius):
    points = rng.normal(size=(count, dimension))
    return radius * points / np.linalg.norm(points, axis=1, keepdims=True)


def in_ball(rng, count, dimension, radius):
    return on_sphere(rng, count, dimension, radius) * rng.random((count, 1)) ** (1 / dimension)


def in_torus(rng, count):
    angle, disc = rng.uniform(0, 2 * np.pi, count), in_ball(rng, count, 2, 0.1)
    away = 1 + disc[:, 0]
    return np.stack([away * np.cos(angle), away * np.sin(angle), disc[:, 1]], axis=1)


def make_shift_checks(points):
    """Shifted means, also with an outlier in either set, and beside a dimension with a heavy tail."""
    middle = points // 2
    bounds = {
        "identical": both(at(middle, near(1))),
        "far below": both(at(0, near(0))),
        "far above": both(at(-1, near(0))),
        "bell shape": both(lambda values: bell(values, middle)),
    }
    for dimension, reach in ((1, 6), (8, 3), (64, 1)):
        course = np.linspace(-reach, reach, points)
        outlier = np.full((1, dimension), float(reach))

        def draw(mean, rng, dimension=dimension):
            return gauss(rng, N, dimension), gauss(rng, N, dimension, mean)

        def draw_real_outlier(mean, rng, draw=draw, outlier=outlier):
            real, synthetic = draw(mean, rng)
            return np.concatenate([real, outlier]), synthetic

        def draw_synthetic_outlier(mean, rng, draw=draw, outlier=outlier):
            real, synthetic = draw(mean, rng)
            return real, np.concatenate([synthetic, outlier])

        yield Check(f"mean, {dimension}-d", course, draw, bounds)
        yield Check(f"mean, real outlier, {dimension}-d", course, draw_real_outlier, bounds)
        yield Check(f"mean, synthetic outlier, {dimension}-d", course, draw_synthetic_outlier, bounds)

    def draw_pareto(mean, rng):
        real, synthetic = gauss(rng, N, 2), gauss(rng, N, 2, mean)
        real[:, 1], synthetic[:, 1] = 1 + rng.pareto(1.01, N), 1 + rng.pareto(1.01, N)
        return real, synthetic

    yield Check("mean beside a heavy tail", np.linspace(-6, 6, points), draw_pareto, bounds)


def make_spread_checks(points):
    """Narrower and wider synthetic sets, spheres of other radii, and one wide mode for two."""
    middle = points // 2
    for dimension, reach in ((1, 3), (8, 1), (64, 0.5)):

        def draw(deviation, rng, dimension=dimension):
            return gauss(rng, N, dimension), gauss(rng, N, dimension, 0.0, deviation)

        criteria = {
            "identical": both(at(middle, near(1))),
            "narrow": {FIDELITY: at(0, near(1)), DIVERSITY: at(0, near(0))},
            "wide": {FIDELITY: at(-1, near(0)), DIVERSITY: at(-1, wide)},
            "shape": {FIDELITY: falling, DIVERSITY: lambda values: bell(values, middle) or rising(values)},
        }
        yield Check(f"deviation, {dimension}-d", np.logspace(-reach, reach, points), draw, criteria)
    for dimension in (2, 16, 128):

        def draw_sphere(radius, rng, dimension=dimension):
            return on_sphere(rng, N, dimension, 1.0), on_sphere(rng, N, dimension, radius)

        criteria = {
            "identical": both(at(middle, near(1))),
            "small": both(at(0, near(0))),
            "large": both(at(-1, near(0))),
            "shape": both(lambda values: bell(values, middle)),
        }
        yield Check(f"sphere, {dimension}-d", np.linspace(0.1, 1.9, points), draw_sphere, criteria)
    for dimension in (1, 8, 64):

        def draw_two(gap, rng, dimension=dimension):
            means = np.repeat([[-0.5 * gap], [0.5 * gap]], dimension, axis=1)
            return mixture(rng, N, means, 1.0, [1, 1]), gauss(rng, N, dimension, 0.0, np.sqrt(1 + gap**2))

        criteria = {
            "identical": both(at(0, near(1))),
            "shape": {FIDELITY: falling, DIVERSITY: lambda values: falling(values) or flat(values)},
        }
        yield Check(f"one mode for two, {dimension}-d", np.linspace(0, 5, points), draw_two, criteria)


def make_mode_checks(points):
    """Modes dropped at once and one after the other, and invented ones."""
    ten = np.ones(10)
    for dimension, deviation in ((1, 1 / 6), (8, 1 / 3), (64, 1.0)):
        means = np.repeat(np.linspace(0, 10, 10)[:, None], dimension, axis=1)

        def draw_together(dropped, rng, means=means, deviation=deviation):
            shares = np.where(np.arange(10) == 0, 1.0, 1.0 - dropped)
            return mixture(rng, N, means, deviation, ten), mixture(rng, N, means, deviation, shares)

        def draw_in_turn(dropped, rng, means=means, deviation=deviation):
            shares = np.where(np.arange(10) >= 10 - dropped, 0.0, 1.0)
            return mixture(rng, N, means, deviation, ten), mixture(rng, N, means, deviation, shares)

        for name, course, draw, quantile in (
            ("together", np.linspace(0, 1, points), draw_together, 0.95),
            ("in turn", np.arange(10), draw_in_turn, 0.5),
        ):
            criteria = {
                "identical": both(at(0, near(1))),
                "all dropped": {FIDELITY: at(-1, near(1))},
                "shape": {
                    FIDELITY: flat,
                    DIVERSITY: partial(falls_by_middle, quantile=quantile),
                },
            }
            yield Check(f"modes dropped {name}, {dimension}-d", course, draw, criteria)

    def draw_invented(number, rng):
        return mixture(rng, N, MODES[:5], 0.25, np.ones(5)), mixture(rng, N, MODES[:number], 0.25, np.ones(number))

    criteria = {
        "identical": both(at(4, near(1))),
        "most dropped": {FIDELITY: at(0, near(1))},
        "most invented": {DIVERSITY: at(-1, near(1))},
        "shape": {FIDELITY: falling, DIVERSITY: rising},
    }
    yield Check("modes dropped and invented", np.arange(1, 11), draw_invented, criteria)


def make_size_checks(points, most):
    """Other numbers of points, disjoint supports, dimensions that add nothing, scales, and rounded values."""
    sizes = np.unique(np.logspace(2, np.log10(most), points).astype(int))
    for dimension in (1, 8, 64):
        start = 1 - 0.2 ** (1 / dimension)

        def draw_both(count, rng, dimension=dimension, start=start):
            return rng.random((count, dimension)), start + rng.random((count, dimension))

        def draw_one(count, rng, dimension=dimension, start=start):
            return rng.random((N, dimension)), start + rng.random((count, dimension))

        criteria = {"settles": both(settles), "overlap": both(at(-1, near(0.2)))}
        yield Check(f"cubes, both sizes, {dimension}-d", sizes, draw_both, criteria)
        yield Check(f"cubes, synthetic size, {dimension}-d", sizes, draw_one, criteria)
    criteria = {"settles": both(settles), "disjoint": both(at(-1, near(0)))}
    yield Check("ball, real, and torus", sizes, lambda n, rng: (in_ball(rng, N, 3, 0.8), in_torus(rng, n)), criteria)
    yield Check("torus, real, and ball", sizes, lambda n, rng: (in_torus(rng, N), in_ball(rng, n, 3, 0.8)), criteria)
    criteria = {"flat": both(flat), "first": both(at(0, near(0))), "last": both(at(-1, near(0)))}

    def draw_scaled(scale, rng):
        return gauss(rng, N, 2) * [1, scale], (gauss(rng, N, 2) + np.array([6, 0])) * [1, scale]

    def draw_more(extra, rng):
        return gauss(rng, N, extra + 1), gauss(rng, N, extra + 1) + np.eye(extra + 1)[0] * 6

    yield Check("a rescaled dimension", np.logspace(-3, 3, points), draw_scaled, criteria)
    yield Check("more dimensions", np.unique(np.logspace(0, 3, points).astype(int)), draw_more, criteria)
    yield from make_rounding_checks(points)


def make_rounding_checks(points):
    """Rounded against continuous values."""
    course = np.logspace(0, 3, points)
    real_rounded = {
        "flat": both(flat),
        "coarse": {FIDELITY: at(0, near(0)), DIVERSITY: at(0, wide)},
        "fine": {FIDELITY: at(-1, near(0)), DIVERSITY: at(-1, wide)},
    }
    synthetic_rounded = {
        "flat": both(flat),
        "coarse": {FIDELITY: at(0, near(1)), DIVERSITY: at(0, near(0))},
        "fine": {FIDELITY: at(-1, near(1)), DIVERSITY: at(-1, near(0))},
    }

    def draw(scale, rng):
        return scale * gauss(rng, N, 1), scale * gauss(rng, N, 1)

    def draw_real(scale, rng):
        real, synthetic = draw(scale, rng)
        return np.round(real), synthetic

    def draw_synthetic(scale, rng):
        real, synthetic = draw(scale, rng)
        return real, np.round(synthetic)

    yield Check("real values rounded", course, draw_real, real_rounded)
    yield Check("synthetic values rounded", course, draw_synthetic, synthetic_rounded)


def run(check, repeats):
    """Returns the mean value of every measurement at every point of a course."""
    found = {name: np.zeros(len(check.course)) for name in METRICS}
    for repetition in range(repeats):
        for place, point in enumerate(check.course):
            rng = np.random.default_rng([repetition, place, sum(check.name.encode())])
            real, synthetic = check.draw(point, rng)
            for name, value in measure(real, synthetic, rng).items():
                found[name][place] += value / repeats
    return {name: values.tolist() for name, values in found.items()}


def judge(check, values):
    """Returns whether each measurement passes each criterion of its kind."""
    return {
        name: {
            criterion: bool(kinds[METRICS[name]](values[name]))
            for criterion, kinds in check.criteria.items()
            if METRICS[name] in kinds
        }
        for name in METRICS
    }


def show(results):
    """Prints the table: criteria passed by check and measurement, and their sums."""
    print(f"| check | {' | '.join(METRICS)} |\n|---|{'---:|' * len(METRICS)}")
    for name, passes in results.items():
        cells = [f"{sum(one.values())} of {len(one)}" for one in passes.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    totals = {
        metric: (
            sum(sum(passes[metric].values()) for passes in results.values()),
            sum(len(passes[metric]) for passes in results.values()),
        )
        for metric in METRICS
    }
    print(f"| **all** | {' | '.join(f'**{passed} of {total}**' for passed, total in totals.values())} |")
    for first, second in PAIRS:
        passed, total = (totals[first][place] + totals[second][place] for place in (0, 1))
        whole = sum(all(passes[first].values()) and all(passes[second].values()) for passes in results.values())
        print(f"{first} and {second}: {passed} of {total} criteria, {whole} of {len(results)} checks without a failure")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=11, help="points per course, an odd number (51 or 20 there)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--most", type=int, default=3000, help="largest number of points (10,000 there)")
    parser.add_argument("--only", default="", help="checks whose name begins like this")
    parser.add_argument("--out", type=Path, help="JSON file of all values")
    options = parser.parse_args()
    started, results, kept = time.perf_counter(), {}, {}
    makers = (make_shift_checks, make_spread_checks, make_mode_checks)
    checks = [check for make in makers for check in make(options.points)]
    for check in [*checks, *make_size_checks(options.points, options.most)]:
        if check.name.startswith(options.only):
            values = run(check, options.repeats)
            results[check.name] = judge(check, values)
            kept[check.name] = {
                "course": np.asarray(check.course).tolist(),
                "values": values,
                "passes": results[check.name],
            }
    show(results)
    print(f"{options.points} points per course, {options.repeats} repetitions, {time.perf_counter() - started:.0f} s")
    if options.out:
        options.out.write_text(json.dumps(kept, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
