"""Every arm against the baseline: over splits where the procedure is in question, over patients where the models are.

An external store holds the same patients in every split, so there the corrected t-test over splits does not hold, and
its comparisons always resample patients. Every verdict of a design that can't decide is marked as exploratory in its
word itself, so that nothing can show it without.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.files.records import Number
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import RESAMPLES
from ganoscope.statistics.corrected_t import MeanDifference, compare_splits
from ganoscope.statistics.descriptive.bayesian_t import compute_posterior
from ganoscope.statistics.descriptive.effect_size import compute_effect_size
from ganoscope.statistics.descriptive.false_outperformance import compute_false_outperformance_of_mean
from ganoscope.statistics.estimate import LEVEL
from ganoscope.statistics.patient_bootstrap import (
    compute_difference_interval,
    count_fewest_patients,
    resample_patients,
)
from ganoscope.statistics.planning.feasibility import is_enough
from ganoscope.statistics.planning.patient_feasibility import LEAST_PATIENTS
from ganoscope.statistics.planning.power import compute_minimum_detectable_difference
from ganoscope.statistics.real_patients import describe_worth, estimate_worth
from ganoscope.statistics.verdict import NO_EVIDENCE, Verdict, give_verdict, judge_arms
from ganoscope.studies.arms import ARMS, BASELINE
from ganoscope.studies.design import Design
from ganoscope.studies.evidence.held_out_answers import PatientVariances, read_held_out
from ganoscope.studies.families import suits
from ganoscope.studies.result_files import EXTERNAL, HELD_OUT
from ganoscope.studies.result_tables import Outcomes

EXPLORATORY = " (exploratory)"
"""Follows every verdict of a design that can't decide."""


@dataclass(frozen=True)
class Beside:
    """What stands beside a verdict and decides nothing; numbers are NaN where they can't be known.

    Attributes:
        harms: Posterior probability of a difference below the margin.
        equal: Posterior probability of a difference within the margin.
        helps: Posterior probability of a difference above the margin.
        false_outperformance: Posterior probability that the arm is no better than the baseline.
        effect_size: Mean difference over the standard deviation of differences over splits.
        effect_low: Lower end of its 95% interval.
        effect_high: Upper end.
        detectable: Minimum detectable difference at 80% power, with the standard deviation that was found.
        worth: What the arm is worth in real patients, in words; "" where no learning curve was asked for.
    """

    harms: Number
    equal: Number
    helps: Number
    false_outperformance: Number
    effect_size: Number
    effect_low: Number
    effect_high: Number
    detectable: Number
    worth: str = ""


@dataclass(frozen=True)
class Comparison:
    """An arm against the baseline.

    Attributes:
        part: What both were tested on.
        family: Family of classifiers.
        arm: The arm.
        decides: Whether this is the comparison that the verdict of the study rests on.
        over: What varies: `splits` or `patients`.
        difference: Mean difference over splits; with an interval over patients where these vary.
        verdict: The verdict, with the interval adjusted for the number of arms; its word ends with `EXPLORATORY` where
            the design can't decide.
        differences: Difference of each split.
        beside: What decides nothing; None where patients vary.
    """

    part: str
    family: str
    arm: str
    decides: bool
    over: str
    difference: MeanDifference
    verdict: Verdict
    differences: list[Number]
    beside: Beside | None


def compare_all(
    outcomes: Outcomes, evaluations: Sequence[Path], variances: PatientVariances, design: Design
) -> Iterator[Comparison]:
    """Yields every comparison with the baseline; those of one family and part are adjusted for each other.

    Args:
        outcomes: Values of the endpoint.
        evaluations: Results of the evaluations, by the number of the split.
        variances: How much the means depend on who was tested.
        design: The design.
    """
    config = design.config
    for family in config.families:
        arms = [arm for arm in config.compared if suits(family, ARMS[arm])]
        if not arms:
            continue
        first = family == config.families[0]
        if config.estimand == "procedure":
            yield from compare_over_splits(outcomes, variances, (family, arms), design)
        else:
            yield from compare_over_patients(outcomes, evaluations, (HELD_OUT, family, arms), design, decides=first)
        if config.external:
            yield from compare_over_patients(outcomes, evaluations, (EXTERNAL, family, arms), design)


def compare_over_splits(
    outcomes: Outcomes, variances: PatientVariances, which: tuple[str, Sequence[str]], design: Design
) -> Iterator[Comparison]:
    """Yields comparisons by the corrected t-test over splits.

    Args:
        outcomes: Values of the endpoint.
        variances: How much the means depend on who was tested.
        which: Family of classifiers, arms to compare.
        design: The design.
    """
    family, arms = which
    before = outcomes.find(HELD_OUT, BASELINE, family)
    differences = [outcomes.find(HELD_OUT, arm, family) - before for arm in arms]
    found = [
        compare_splits(
            drop_missing(each), design.ratio, variances.find_difference(HELD_OUT, arm, family, design.config.endpoint)
        )
        for arm, each in zip(arms, differences, strict=True)
    ]
    verdicts = judge_arms(found, design.config.margin)
    for arm, each, mean, verdict in zip(arms, differences, found, verdicts, strict=True):
        enough = mean.splits == design.plan.count or is_enough(mean.splits, design.ratio, len(arms))
        marked = replace(verdict, word=mark(verdict.word, enough and not design.exploratory))
        beside = replace(describe_beside(mean, design), worth=write_worth(outcomes, family, arm, design))
        decides = (family, arm) == (design.config.families[0], design.config.compared[0])
        yield Comparison(HELD_OUT, family, arm, decides, "splits", mean, marked, each.tolist(), beside)


def describe_beside(found: MeanDifference, design: Design) -> Beside:
    """Returns what stands beside a verdict over splits.

    Args:
        found: The difference.
        design: The design.
    """
    config = design.config
    alpha = (1 - LEVEL) / len(config.compared)
    detectable = np.nan
    if found.sd > 0:
        detectable = found.sd * compute_minimum_detectable_difference(found.splits, found.ratio, alpha)
    if not np.isfinite(found.standard_error):
        unknown = np.nan
        return Beside(unknown, unknown, unknown, unknown, unknown, unknown, unknown, detectable)
    posterior = compute_posterior(found, config.margin)
    return Beside(
        posterior.left,
        posterior.equal,
        posterior.right,
        compute_false_outperformance_of_mean(found),
        *compute_effect_size(found),
        detectable,
    )


def write_worth(outcomes: Outcomes, family: str, arm: str, design: Design) -> str:
    """Returns what an arm is worth in real patients, in words; "" where there is no learning curve.

    Args:
        outcomes: Values of the endpoint.
        family: Family of classifiers.
        arm: The arm.
        design: The design.
    """
    config = design.config
    if not config.low_data or design.plan.count < 2:
        return ""
    names = [
        BASELINE,
        *(f"{BASELINE}@{fraction:g}" for fraction in config.low_data),
    ]
    sizes = np.array([outcomes.real_groups[name] for name in names])
    order = np.argsort(sizes)
    curve = np.stack([outcomes.find(HELD_OUT, names[place], family) for place in order], axis=1)
    values = outcomes.find(HELD_OUT, arm, family)
    known = np.isfinite(curve).all(1) & np.isfinite(values)
    if known.sum() < 2 or len(np.unique(sizes)) < len(sizes):
        return ""
    random = stream(config.seed, Stream.BOOTSTRAP)
    real = int(sizes[0]) if ARMS[arm].real else 0
    found = estimate_worth(sizes[order], curve[known], real, values[known], design.ratio, random)
    return describe_worth(found)


def compare_over_patients(
    outcomes: Outcomes,
    evaluations: Sequence[Path],
    which: tuple[str, str, Sequence[str]],
    design: Design,
    decides: bool = False,
) -> Iterator[Comparison]:
    """Yields comparisons of the AUROC with intervals over patients, at Bonferroni's level; the models stay fixed.

    Args:
        outcomes: Values of the endpoint.
        evaluations: Results of the evaluations, by the number of the split.
        which: What to test on, family of classifiers, arms to compare.
        design: The design.
        decides: Whether the comparison of the primary arm decides.
    """
    part, family, arms = which
    without = {split for arm in arms if arm in outcomes.added for split in outcomes.added[arm].without}
    kept = [folder for number, folder in enumerate(evaluations) if number not in without]
    if not kept:
        yield from (tell_nothing(part, family, arm, design, decides) for arm in arms)
        return
    splits = [read_held_out(folder, part, family, (BASELINE, *arms)) for folder in kept]
    found = resample_patients(splits, stream(design.config.seed, Stream.BOOTSTRAP), RESAMPLES)
    values, resampled = (average_seeds(each, len(arms) + 1) for each in found)
    level, enough = 1 - (1 - LEVEL) / len(arms), count_fewest_patients(splits) >= LEAST_PATIENTS
    for place, arm in enumerate(arms, 1):
        drawn = resampled[:, place] - resampled[:, 0]
        (low, high), ends = (compute_difference_interval(drawn, each) for each in (level, LEVEL))
        value = float(values[place] - values[0])
        mean = MeanDifference(value, np.nan, np.nan, *ends, np.nan, len(splits), design.ratio)
        word = give_verdict(low, high, design.config.margin) if enough else NO_EVIDENCE
        verdict = Verdict(mark(word, not design.exploratory), low, high, level, np.nan)
        each = outcomes.find(part, arm, family) - outcomes.find(part, BASELINE, family)
        first = decides and arm == design.config.compared[0]
        yield Comparison(part, family, arm, first, "patients", mean, verdict, each.tolist(), None)


def tell_nothing(part: str, family: str, arm: str, design: Design, decides: bool) -> Comparison:
    """Returns the comparison of an arm where in every split some arm adds no image.

    Args:
        part: What to test on.
        family: Family of classifiers.
        arm: The arm.
        design: The design.
        decides: Whether the comparison of the primary arm decides.
    """
    nan = np.nan
    mean = MeanDifference(nan, nan, nan, nan, nan, nan, 0, design.ratio)
    verdict = Verdict(mark(NO_EVIDENCE, not design.exploratory), nan, nan, LEVEL, nan)
    first = decides and arm == design.config.compared[0]
    return Comparison(part, family, arm, first, "patients", mean, verdict, [nan] * design.plan.count, None)


def average_seeds(values: NDArray[np.float64], arms: int) -> NDArray[np.float64]:
    """Returns the mean over the seeds of each arm, shape (..., A), of values of all classifiers, shape (..., A S)."""
    means: NDArray[np.float64] = values.reshape(*values.shape[:-1], arms, -1).mean(-1)
    return means


def mark(word: str, decided: bool) -> str:
    """Returns the word of a verdict, marked where it can't be relied on.

    Args:
        word: The word.
        decided: Whether the design can decide, with the splits in which the endpoint is defined.
    """
    return word if decided else f"{word}{EXPLORATORY}"


def drop_missing(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the values that are known, given those of all splits, shape (splits,); one NaN where there is none."""
    known = values[np.isfinite(values)]
    return known if len(known) else np.array([np.nan])
