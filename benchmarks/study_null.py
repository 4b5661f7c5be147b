"""How often does a study find a difference where there is none, and does it find one where there is?

Null studies: two arms whose procedures are equally good by construction, refitted on every split of the same patients.

- `augmented`: both arms see all features and add a copy of every training image, jittered in the arm's own half of the
  features. All features are equally informative, so the procedures are equally good, as two kinds of augmentation are.
- `features`: the arms see different halves of the features. The difference depends on the patients most of all, and
  splits agree with each other as much as they can.
- `synthetic`: both arms add as many synthetic images, drawn apart, from one generator fitted inside the split. The
  difference is the draw's alone.

Learners: `discriminant` (linear, regularised) and `window` (Parzen window, as unstable as nearest neighbours). The same
patients are judged by the rule of a study (the corrected t-test, whose ratio is raised where the patients vary more) on
25 random splits and on 5 x 5 folds, by the corrected t-test alone, by tests that take values of splits
for independent, and by 5x2cv. `families` are studies of four arms and a baseline. `fractions` train on a part of the
training patients. `power` adds a true difference of the size that is printed as the minimum detectable one.
`correlations` simulates differences of splits of any correlation; the test assumes n_test / (n_test + n_train) = 0.2.

Interrupted, the same command goes on: finished blocks of 100 studies are kept in --folder.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats

from ganoscope.files import load_json, save_json
from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.patient_bootstrap import HeldOut
from ganoscope.statistics.patient_jackknife import estimate_patient_variances
from ganoscope.statistics.planning.power import compute_minimum_detectable_difference
from ganoscope.statistics.proportion import compute_wilson_interval
from ganoscope.statistics.verdict import HARMS, HELPS, MARGIN_AUROC, judge_arms

STUDIES, BLOCK, FOLDS, REPEATS, SEEDS = 1000, 100, 5, 5, 5
RATIO, DISTANCE = 0.25, 1.0
"""Patients tested on over patients trained on; distance of the classes in SD."""
CORRELATIONS = 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7


def draw_patients(rng, setting, arms=2):
    """Returns (features of each arm, (A, N, D); features that it jitters, (A, D); labels, (N,))."""
    labels = np.arange(setting["patients"]) % 2
    count = {"features": 8, "augmented": 16 if arms == 2 else 4 * arms, "synthetic": 8}[setting["null"]]
    shift = np.full((arms, 1, 1), DISTANCE / np.sqrt(count))
    shift[1:] += setting.get("gain", 0.0)
    noise = rng.normal(size=(arms, len(labels), count))
    if setting["null"] != "features":
        noise[1:] = noise[0]
    blocks = np.arange(count) * arms // count == np.arange(arms)[:, None]
    return noise + shift * labels[:, None], blocks, labels


def deal(rng, labels, folds):
    """Returns the fold of each patient; every fold has equally many patients of each class."""
    fold = np.empty(len(labels), np.int64)
    for label in (0, 1):
        members = rng.permutation(np.flatnonzero(labels == label))
        fold[members] = np.arange(len(members)) % folds
    return fold


def draw_splits(rng, labels, scheme):
    """Returns which patients are tested in each split, (J, N): random splits, or repetitions of folds."""
    if scheme == "random":
        return np.stack([deal(rng, labels, FOLDS) == 0 for _ in range(REPEATS * FOLDS)])
    repeats, folds = scheme
    return np.concatenate(
        [[fold == number for number in range(folds)] for fold in (deal(rng, labels, folds) for _ in range(repeats))]
    )


def fit_gaussians(values, labels, weights):
    """Returns (means, covariances) of both classes in every split: (J, 2, D), (J, 2, D, D)."""
    one_hot = np.stack([labels == 0, labels == 1]).astype(float)
    held = weights[:, None] * one_hot
    total = held.sum(-1)
    means = held @ values / total[..., None]
    products = (values[:, :, None] * values[:, None]).reshape(len(values), -1)
    second = (held @ products).reshape(*means.shape, -1) / total[..., None, None]
    return means, second - means[..., :, None] * means[..., None, :]


def draw_synthetic(rng, values, labels, weights, count):
    """Returns synthetic images of every split, (J, 2, count, D), from Gaussians fitted to its training patients."""
    means, covariances = fit_gaussians(values, labels, weights)
    roots = np.linalg.cholesky(covariances + 1e-6 * np.eye(values.shape[1]))
    noise = rng.normal(size=(*means.shape[:2], count, values.shape[1]))
    return means[:, :, None] + noise @ roots.swapaxes(-1, -2)


def jitter(rng, values, labels, weights, block):
    """Returns a copy of every training image of every split, with noise on a block of features, (J, 2, count, D)."""
    copied = [
        [np.repeat(np.flatnonzero(labels == label), row[labels == label].astype(int)) for label in (0, 1)]
        for row in weights
    ]
    images = values[np.array(copied)]
    return images + 2 * block * rng.normal(size=images.shape)


def score_discriminant(values, labels, weights, synthetic, _tested):
    """Returns scores of all patients by every split's discriminant, (J, N)."""
    means, covariances = fit_gaussians(values, labels, weights)
    if synthetic is not None:
        real = np.stack([weights @ (labels == label) for label in (0, 1)], 1)[..., None]
        share = real / (real + synthetic.shape[2])
        theirs = synthetic.mean(2)
        centred = synthetic - theirs[:, :, None]
        spread = centred.swapaxes(-1, -2) @ centred / synthetic.shape[2]
        covariances = share[..., None] * covariances + (1 - share[..., None]) * spread
        means = share * means + (1 - share) * theirs
    pooled = covariances.mean(1) + 0.1 * np.eye(values.shape[1])
    slopes = np.linalg.solve(pooled, (means[:, 1] - means[:, 0])[..., None])[..., 0]
    return slopes @ values.T


def measure_nearness(first, second):
    """Returns the weight of each image of the second set for each of the first, (N, M)."""
    distance = (first**2).sum(-1)[:, None] + (second**2).sum(-1) - 2 * first @ second.T
    return np.exp(distance * (-4 / first.shape[1]))


def score_window(values, labels, weights, synthetic, tested):
    """Returns the share of positives near each tested patient, by every split's training patients, (J, N)."""
    near = measure_nearness(values, values)
    positives, every = (weights * labels) @ near, weights @ near
    for split, images in enumerate([] if synthetic is None else synthetic):
        close = measure_nearness(values[tested[split]], images.reshape(-1, values.shape[1])).reshape(
            -1, *images.shape[:2]
        )
        positives[split, tested[split]] += close[:, 1].sum(-1)
        every[split, tested[split]] += close.sum((1, 2))
    return positives / np.maximum(every, 1e-300)


LEARNERS = {"discriminant": score_discriminant, "window": score_window}


def measure_auroc(scores, labels, tested):
    """Returns the AUROC of the tested patients of every split, (J,)."""
    positive, negative = (
        np.stack([row[test & (labels == label)] for row, test in zip(scores, tested, strict=True)]) for label in (1, 0)
    )
    gaps = positive[:, :, None] - negative[:, None]
    return ((gaps > 0) + 0.5 * (gaps == 0)).mean((1, 2))


def thin(rng, weights, labels, fraction=1.0, replace=False):
    """Returns weights that keep a part of the training patients of each class, or as many drawn with replacement."""
    kept = np.zeros_like(weights)
    for row, out in zip(weights, kept, strict=True):
        for label in (0, 1):
            members = np.flatnonzero((row > 0) & (labels == label))
            np.add.at(out, rng.choice(members, round(fraction * len(members)), replace), 1)
    return kept


def train_arms(rng, patients, tested, setting):
    """Returns the scores of all patients by every arm in every split, (A, J, N)."""
    values, blocks, labels = patients
    weights = thin(rng, (~tested).astype(float), labels, setting.get("fraction", 1.0), setting.get("resample", False))
    results = []
    for arm, block in zip(values, blocks, strict=True):
        synthetic = None
        if setting["null"] == "synthetic":
            synthetic = draw_synthetic(rng, arm, labels, weights, int(weights[0].sum()) // 2)
        elif setting["null"] == "augmented":
            synthetic = jitter(rng, arm, labels, weights, block)
        results.append(LEARNERS[setting["learner"]](arm, labels, weights, synthetic, tested))
    return np.array(results)


def measure_arms(scores, labels, tested):
    """Returns the AUROC of every arm in every split, (A, J), and the variances over patients of differences, (A,)."""
    held = [
        HeldOut(np.flatnonzero(test), labels[test], np.stack([-arms[:, test], arms[:, test]], 2))
        for arms, test in zip(scores.swapaxes(0, 1), tested, strict=True)
    ]
    return np.array([measure_auroc(arm, labels, tested) for arm in scores]), estimate_patient_variances(held)[1]


def compare_arms(rng, patients, scheme, setting):
    """Returns AUROC of every arm in every split, (A, J), and comparisons of all arms with the first by our rule."""
    tested = draw_splits(rng, patients[-1], scheme)
    auroc, variances = measure_arms(train_arms(rng, patients, tested, setting), patients[-1], tested)
    found = [compare_splits(arm - auroc[0], RATIO, each) for arm, each in zip(auroc, variances, strict=True)]
    return auroc, found[1:]


def run_5x2cv(differences):
    """Returns the p value of Dietterich 1998, https://doi.org/10.1162/089976698300017197."""
    pairs = differences.reshape(5, 2)
    variances = ((pairs - pairs.mean(1, keepdims=True)) ** 2).sum(1)
    return 2 * stats.t.sf(abs(pairs[0, 0]) / np.sqrt(variances.mean()), 5)


def run_autorank(first, second):
    """Returns autorank 1.3.0's p value for two populations: its rule written again, equal to the package's."""
    if all(stats.shapiro(values).pvalue >= 0.05 / 2 for values in (first, second)):
        return stats.ttest_rel(first, second).pvalue
    larger = np.argmax([np.median(first), np.median(second)])
    pair = (first, second) if larger == 0 else (second, first)
    return stats.wilcoxon(*pair, alternative="greater").pvalue


def judge_study(seed, setting):
    """Returns p values of all tests on one study, and what our verdict says."""
    rng = np.random.default_rng([seed, 20_301])
    patients = draw_patients(rng, setting)
    labels = patients[-1]
    (auroc, (random,)), (on_folds, (folds,)), (halves, _) = (
        compare_arms(rng, patients, scheme, setting) for scheme in ("random", (REPEATS, FOLDS), (5, 2))
    )
    one_run = draw_splits(rng, labels, (1, FOLDS))
    seeds = [
        np.array([measure_auroc(arm, labels, one_run) for arm in scores])
        for scores in (train_arms(rng, patients, one_run, setting | {"resample": True}) for _ in range(SEEDS))
    ]
    gaps = {"random": auroc[1] - auroc[0], "folds": on_folds[1] - on_folds[0], "halves": halves[1] - halves[0]}
    return {
        "rule, 25 random splits": random.p,
        "rule, 5 x 5 folds": folds.p,
        "corrected t, 25 random splits": compare_splits(gaps["random"], RATIO).p,
        "corrected t, 5 x 5 folds": compare_splits(gaps["folds"], RATIO).p,
        "paired t over 5 folds": stats.ttest_1samp(gaps["folds"][:FOLDS], 0).pvalue,
        "paired t over 25 random splits": stats.ttest_1samp(gaps["random"], 0).pvalue,
        "paired t over 5 x 5 folds": stats.ttest_1samp(gaps["folds"], 0).pvalue,
        "t over 5 folds x 5 seeds": stats.ttest_1samp(np.concatenate([one[1] - one[0] for one in seeds]), 0).pvalue,
        "Wilcoxon over 5 folds": stats.wilcoxon(gaps["folds"][:FOLDS]).pvalue,
        "Wilcoxon over 25 random splits": stats.wilcoxon(gaps["random"]).pvalue,
        "5x2cv t": run_5x2cv(gaps["halves"]),
        "autorank over 25 random splits": run_autorank(*auroc),
        "covers": bool(random.low <= 0 <= random.high),
        "raised": bool(random.ratio > RATIO),
        "value": random.value,
        "sd": random.sd,
        "auroc": float(auroc.mean()),
        "verdict": judge_arms([random], MARGIN_AUROC)[0].word,
        "verdict on folds": judge_arms([folds], MARGIN_AUROC)[0].word,
    }


def judge_family(seed, setting):
    """Returns whether any verdict on four arms against one baseline is wrong, all equally good."""
    rng = np.random.default_rng([seed, 20_302])
    _, found = compare_arms(rng, draw_patients(rng, setting, 5), "random", setting)
    return {"wrong": any(one.word in (HELPS, HARMS) for one in judge_arms(found, MARGIN_AUROC))}


def judge_fraction(seed, setting):
    """Returns p values of a study that trains on a part of the training patients, at two ratios."""
    rng = np.random.default_rng([seed, 20_303])
    auroc, (found,) = compare_arms(rng, draw_patients(rng, setting), "random", setting)
    return {"of all": found.p, "of those used": compare_splits(auroc[1] - auroc[0], RATIO / setting["fraction"]).p}


def judge_power(seed, setting):
    """Returns the difference and p value of a study whose second arm has better features."""
    rng = np.random.default_rng([seed, 20_304])
    _, (found,) = compare_arms(rng, draw_patients(rng, setting), "random", setting)
    return {"value": found.value, "sd": found.sd, "found": bool(found.low > 0), "ratio": found.ratio}


def collect(folder, name, judge, setting, studies):
    """Returns the results of all studies of a setting; finished blocks are read back."""
    results = []
    for start in range(0, studies, BLOCK):
        path = folder / f"{name}_{start:05}.json"
        if not path.exists():
            save_json(path, [judge(seed, setting) for seed in range(start, start + BLOCK)])
        results += load_json(path)
    return results


def write_share(hits, count):
    low, high = compute_wilson_interval(hits / count, count)
    return f"{100 * hits / count:.1f}% ({100 * low:.1f} to {100 * high:.1f})"


def print_table(header, rows):
    print(
        "\n".join(
            ["", f"| {' | '.join(header)} |", "|---" * len(header) + "|", *(f"| {' | '.join(r)} |" for r in rows)]
        )
    )


def show_nulls(folder, studies):
    settings = [
        {"null": null, "learner": learner, "patients": patients}
        for null, learner, patients in product(("augmented", "features", "synthetic"), LEARNERS, (100, 300))
    ]
    columns = [collect(folder, "_".join(map(str, s.values())), judge_study, s, studies) for s in settings]
    names = [[one["null"], one["learner"], str(one["patients"])] for one in settings]
    tests = list(columns[0][0])[: list(columns[0][0]).index("covers")]
    shares = [[f"{100 * np.mean([one[test] <= 0.05 for one in found]):.1f}" for test in tests] for found in columns]
    print_table(["null", "learner", "patients", *tests], [a + b for a, b in zip(names, shares, strict=True)])
    header = [
        "correlation of splits",
        "SD over splits",
        "AUROC",
        "ratio raised in",
        "intervals that cover",
        "wrong verdicts, random splits",
        "wrong verdicts, folds",
    ]
    print_table(
        ["null", "learner", "patients", *header], [a + describe(b) for a, b in zip(names, columns, strict=True)]
    )


def describe(found):
    """Returns correlation of splits, SD and AUROC of null studies, how often the ratio is raised, and what it gives."""
    value, sd, auroc = (np.array([one[key] for one in found]) for key in ("value", "sd", "auroc"))
    ratio = max(value.var() / (sd**2).mean() - 1 / (REPEATS * FOLDS), 0.0)  # rho / (1 - rho), by the test's formula
    wrong = [sum(one[key] in (HELPS, HARMS) for one in found) for key in ("verdict", "verdict on folds")]
    counts = [f"{count} of {len(found)}" for count in wrong]
    raised, covers = (f"{100 * np.mean([one[key] for one in found]):.1f}%" for key in ("raised", "covers"))
    return [f"{ratio / (1 + ratio):.2f}", f"{sd.mean():.3f}", f"{auroc.mean():.3f}", raised, covers, *counts]


def show_families(folder, studies):
    rows = []
    for null, learner, patients in product(("augmented", "features"), LEARNERS, (100, 300)):
        setting = {"null": null, "learner": learner, "patients": patients}
        found = collect(folder, f"family_{null}_{learner}_{patients}", judge_family, setting, studies)
        rows.append([null, learner, str(patients), f"{sum(one['wrong'] for one in found)} of {studies}"])
    print_table(["null", "learner", "patients", "studies with any wrong verdict on four arms"], rows)


def show_fractions(folder, studies):
    rows = []
    for null, learner, fraction in product(("augmented", "features"), LEARNERS, (0.1, 0.25, 0.5)):
        setting = {"null": null, "learner": learner, "patients": 300, "fraction": fraction}
        found = collect(folder, f"fraction_{null}_{learner}_{fraction}", judge_fraction, setting, studies)
        shares = [write_share(sum(one[key] <= 0.05 for one in found), studies) for key in ("of all", "of those used")]
        rows.append([null, learner, f"{fraction:g}", *shares])
    print_table(["null", "learner", "real fraction", "n_test / all n_train", "n_test / n_train used"], rows)


def show_power(folder, studies):
    rows = []
    for learner, patients in product(LEARNERS, (100, 300)):
        setting = {"null": "features", "learner": learner, "patients": patients}
        lattice = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
        found = [
            collect(folder, f"power_{learner}_{patients}_{gain}", judge_power, setting | {"gain": gain}, studies)
            for gain in lattice
        ]
        effects = [np.mean([one["value"] for one in column]) for column in found]
        sds = [np.sqrt(np.mean([one["sd"] ** 2 for one in column])) for column in found]
        powers = [np.mean([one["found"] for one in column]) for column in found]
        standardised = np.array(effects) / np.array(sds)
        row = [learner, str(patients)]
        for ratio in (RATIO, np.mean([one["ratio"] for column in found for one in column])):
            detectable = compute_minimum_detectable_difference(REPEATS * FOLDS, float(ratio), 0.05)
            reached = f"{100 * np.interp(detectable, standardised, powers):.0f}%"
            row += [f"{detectable:.2f}", reached if standardised[-1] > detectable else "beyond"]
        rows.append(row)
    before, after = ("detectable difference in SD, before", "power there"), ("the same, as reached", "power there")
    print_table(["learner", "patients", *before, *after], rows)


def show_correlations(studies=20_000):
    rng, rows = np.random.default_rng(5), []
    splits, detectable = REPEATS * FOLDS, compute_minimum_detectable_difference(REPEATS * FOLDS, RATIO, 0.05)
    for correlation in CORRELATIONS:
        shared = np.sqrt(correlation) * rng.normal(size=(studies, 1))
        values = shared + np.sqrt(1 - correlation) * rng.normal(size=(studies, splits))
        half = stats.t.ppf(0.975, splits - 1) * np.sqrt(1 / splits + RATIO) * values.std(1, ddof=1)
        covered = (np.abs(values.mean(1)) <= half).sum()
        moved = values.mean(1) + detectable * np.sqrt(1 - correlation)
        naive = (stats.ttest_1samp(values, 0, axis=1).pvalue <= 0.05).sum()
        shares = [write_share(count, studies) for count in (covered, studies - covered, (moved > half).sum(), naive)]
        rows.append([f"{correlation:.1f}", *shares])
    header = [
        "correlation",
        "intervals that cover",
        "wrong verdicts",
        "power at the detectable difference",
        "paired t: wrong",
    ]
    print_table(header, rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("study_null"), help="where finished blocks are kept")
    parser.add_argument("--studies", type=int, default=STUDIES, help="studies of each setting, a multiple of 100")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    show_nulls(arguments.folder, arguments.studies)
    show_families(arguments.folder, arguments.studies)
    show_fractions(arguments.folder, arguments.studies)
    show_power(arguments.folder, arguments.studies)
    show_correlations()
