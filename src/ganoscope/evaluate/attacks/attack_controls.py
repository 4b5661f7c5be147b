"""Controls that decide whether an attack has found anything: the same scores, patients grouped at random.

Members against members and non-members against non-members say how far apart halves of one set come by chance. Members
and non-members mixed at random say the same at the attack's own sizes. An attack counts where it beats all three, and,
where the two sets of real images differ by themselves, also what tells them apart without any generator.

Scores are never recomputed: only labels change.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.attacks.group_contrast import (
    Tried,
    centre,
    compute_split_auroc,
    draw_labels,
    mark_top,
    rank_within,
    studentise,
    studentise_splits,
    sum_groups,
    weigh_groups,
)
from ganoscope.evaluate.attacks.split_bias import SplitBias
from ganoscope.seeds import Stream, stream

Floats = NDArray[np.float64]

SPLITS, BLOCK = 2000, 200
"""Random splits of each control, and those that are looked at together. Holm's adjustment over several attacks needs
smaller p values than 200 splits could give."""
STATISTICS = ("ranks", "top")
"""`ranks`: the AUROC; `top`: members among the highest scores, at the one of `TOP_SHARES` where most stand out."""
TOP_SHARES = 0.01, 0.025, 0.05, 0.1
CERTAIN = 0.01
"""Level of the two-sample test from which on an attack must tell members better than it does."""
STRATA = 5
"""Parts of the two-sample test's scores within which an attack is tried where the sets differ by themselves."""
SETS = ("members against members", "non-members against non-members", "members and non-members mixed")


@dataclass(frozen=True)
class Control:
    """What random splits of the patients give.

    Attributes:
        name: One of `SETS`.
        z: Studentised statistic of each split, by name, shape (SPLITS,).
        auroc: AUROC of each split, shape (SPLITS,), at the sizes of this control's sets.
        patients: Number of patients.
    """

    name: str
    z: dict[str, Floats]
    auroc: Floats
    patients: int


def score_ranks(tried: Tried) -> dict[str, list[Floats]]:
    """Returns the rank scores of both statistics by name: one for the ranks, one for each share; shape (N,) each."""
    ranks = rank_within(tried.scores, tried.strata)
    return {"ranks": [ranks], "top": [mark_top(ranks, share) for share in TOP_SHARES]}


def studentise_attack(tried: Tried) -> dict[str, float]:
    """Returns both studentised statistics of members against non-members by name; the largest over the shares."""
    return {
        name: max(studentise(weigh_groups(tried, values)) for values in several)
        for name, several in score_ranks(tried).items()
    }


def make_controls(tried: Tried, seed: int) -> list[Control]:
    """Returns the controls of an attack.

    The mixed one exchanges labels of patients, so it is left out where a patient is on both sides, as in a bank, whose
    sides are equally large: the two others then have the attack's shape already.

    Args:
        tried: Scores of members and non-members.
        seed: Seed of the splits.
    """
    places = np.unique(tried.groups, return_inverse=True)[1]
    share = np.bincount(places, tried.member) / np.bincount(places)
    sides = [(tried.take(tried.member), 0), (tried.take(~tried.member), 0)]
    if np.isin(share, (0, 1)).all():
        sides.append((tried, int(share.sum())))
    return [split_at_random(side, first, number, seed) for number, (side, first) in enumerate(sides)]


def split_at_random(tried: Tried, first: int, number: int, seed: int) -> Control:
    """Returns one control.

    Args:
        tried: Scores of the images that are split.
        first: Patients of the set that takes the place of the members; 0 for half of them.
        number: Number of the control in `SETS`.
        seed: Seed of the splits.
    """
    counts = np.unique(tried.groups, return_counts=True)[1].astype(np.int64)
    sums = {
        name: [sum_groups(centre(values, tried.strata), tried.groups) for values in several]
        for name, several in score_ranks(tried).items()
    }
    rng = stream(seed, Stream.MEMBERSHIP_SPLITS, number)
    z: dict[str, list[Floats]] = {name: [] for name in STATISTICS}
    auroc = []
    for _ in range(0, SPLITS, BLOCK):
        labels = draw_labels(len(counts), first or len(counts) // 2, rng, BLOCK)
        for name in STATISTICS:
            z[name].append(np.max([studentise_splits(one, counts, labels) for one in sums[name]], axis=0))
        auroc.append(compute_split_auroc(sums["ranks"][0], counts, labels))
    joined = {name: np.concatenate(parts) for name, parts in z.items()}
    return Control(SETS[number], joined, np.concatenate(auroc), len(counts))


def compute_p(observed: float, null: Floats) -> float:
    """Returns the share of random splits with a statistic as large, the attack itself counted among them.

    Source: Phipson, Smyth 2010, https://doi.org/10.2202/1544-6115.1585

    Example:
        >>> compute_p(3.0, np.array([1.0, 2.0, 4.0]))
        0.5
    """
    return float((1 + (null >= observed).sum()) / (1 + len(null)))


def compare_with_bias(tried: Tried, bias: SplitBias) -> dict[str, float]:
    """Returns one-sided p values of "the attack tells no more than the two-sample test does", by statistic.

    The attack is tried within fifths of the two-sample test's score: among images that are about equally like members
    without any generator. Where the sets differ for certain, it must also tell members better than the two-sample test
    does by its own strongest statistic; both scores belong to the same images, so they are compared patient by patient.

    Args:
        tried: Scores of the attack.
        bias: The two-sample test of the same images.

    Source: subclasses of a propensity score: Rosenbaum, Rubin 1984, https://doi.org/10.1080/01621459.1984.10478078
    """
    ranks = rank_within(bias.scores, bias.folds)
    within = replace(tried, strata=np.minimum((STRATA * ranks).astype(np.int64), STRATA - 1))
    other = Tried(bias.scores, tried.member, tried.groups, bias.folds)
    own, its = score_ranks(tried), score_ranks(other)
    strongest = scale_strongest(other, [*its["ranks"], *its["top"]])
    found = {}
    for name in STATISTICS:
        p = bound_p([studentise(weigh_groups(within, values)) for values in own[name]])
        if bias.p <= CERTAIN:
            p = max(p, bound_p([studentise(scale_strongest(tried, own[name]) - strongest)]))
        found[name] = p
    return found


def scale_strongest(tried: Tried, several: list[Floats]) -> Floats:
    """Returns what each patient adds to the largest of several studentised statistics, shape (G,)."""
    weights = max((weigh_groups(tried, values) for values in several), key=studentise)
    spread = float(np.sqrt((weights**2).sum()))
    scaled: Floats = weights / spread if spread > 0 else weights
    return scaled


def bound_p(z: list[float]) -> float:
    """Returns the one-sided p value of the largest of several studentised statistics (Bonferroni)."""
    from scipy.stats import norm  # imported late: it takes half a second

    return min(1.0, len(z) * float(norm.sf(max(z))))
