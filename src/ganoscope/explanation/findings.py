"""Statistics of the evidence, with sample sizes and intervals."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganoscope.explanation import regions
from ganoscope.explanation.checks import deletion
from ganoscope.explanation.checks.deletion import CurveSummary, MeanCurves
from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.regions import RegionSummary
from ganoscope.explanation.subjects import Source
from ganoscope.explanation.targets import TARGETS
from ganoscope.figures.overlays import is_near_blank
from ganoscope.statistics.auroc import estimate_auroc
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

MeanCurvesByTarget = dict[str, dict[str, tuple[MeanCurves, ...]]]
"""Deletion and insertion curves by target and set."""
MIN_IMAGES = 5
"""An interval over fewer images is meaningless."""


@dataclass(frozen=True)
class SetFindings:
    """Statistics of one target over one set.

    Attributes:
        images: Number of images.
        empty: Number of empty maps; they take no part in the shares.
        near_blank: Number of maps that hardly vary.
        regions: Shares of attention and area, by region.
        margin: The same of the dark bars at the picture's edges.
        deletion: Areas under the deletion curves.
        insertion: Areas under the insertion curves.
        rank_correlation: Mean absolute rank correlation with the original maps, by stage of randomisation.
        ssim: Mean structural similarity, by stage.
    """

    images: int
    empty: int
    near_blank: int
    regions: dict[str, RegionSummary]
    margin: RegionSummary
    deletion: CurveSummary
    insertion: CurveSummary
    rank_correlation: dict[str, Estimate]
    ssim: dict[str, Estimate]


@dataclass(frozen=True)
class TargetFindings:
    """Statistics of one target.

    Attributes:
        sets: By set.
        difference: Share of attention, real minus generated, by region.
        final_rank_correlation: Mean absolute rank correlation after full randomisation, over the checked images of both
            sets whose maps are not empty.
        chance_rank_correlation: The same for maps that were shifted and mirrored at random.
    """

    sets: dict[str, SetFindings]
    difference: dict[str, Estimate]
    final_rank_correlation: Estimate
    chance_rank_correlation: float


@dataclass(frozen=True)
class Findings:
    """All statistics.

    Attributes:
        auroc: How well the discriminator separates held-out real from generated images: 0.5 is chance, 1 perfect.
        probability: Its mean probability of "real", by set; over no image where its scores are relative.
        targets: By target.
    """

    auroc: Estimate
    probability: dict[str, Estimate]
    targets: dict[str, TargetFindings]


@dataclass(frozen=True)
class Examination:
    """What the checks of heat maps look at.

    Attributes:
        answer: All evidence about the discriminator.
        findings: Statistics of it.
        source: Store of the real images.
    """

    answer: Answer
    findings: Findings
    source: Source


def summarise(answer: Answer, seed: int) -> Findings:
    """Returns the statistics of all evidence; `seed` is the bootstrap's."""
    real, generated = answer.sets
    return Findings(
        auroc=estimate_auroc(real.logits, generated.logits, real.subjects.groups, seed),
        probability={
            one.subjects.name: estimate_mean(one.probability, one.subjects.groups, seed) for one in answer.sets
        },
        targets={name: summarise_target(answer, name, seed) for name in TARGETS},
    )


def summarise_target(answer: Answer, target: str, seed: int) -> TargetFindings:
    """Returns the statistics of one target.

    Args:
        answer: All evidence.
        target: Name of the target.
        seed: Random seed of the bootstrap.
    """
    real, generated = (one.attention[target] for one in answer.sets)
    return TargetFindings(
        sets={one.subjects.name: summarise_set(answer, one, target, seed) for one in answer.sets},
        difference=regions.compare(real, generated, seed),
        final_rank_correlation=estimate_mean(
            answer.randomisation[target].by_stage[-1],
            [f"{one.subjects.name} {name}" for one in answer.sets for name in one.subjects.groups[: one.checked]],
            seed,
        ),
        chance_rank_correlation=answer.randomisation[target].chance,
    )


def summarise_set(answer: Answer, one: Evidence, target: str, seed: int) -> SetFindings:
    """Returns the statistics of one target over one set.

    Args:
        answer: All evidence.
        one: The evidence about the set.
        target: Name of the target.
        seed: Random seed of the bootstrap.
    """
    check, part = answer.randomisation[target], answer.checked(one)
    groups = one.subjects.groups[: one.checked]
    similarity = {
        name: {stage: estimate_mean(values[depth, part], groups, seed) for depth, stage in enumerate(check.stages)}
        for name, values in (("rank_correlation", check.by_stage), ("ssim", check.ssim.mean(0)))
    }
    curves = [deletion.summarise(curve, groups, seed) for curve in one.curves[target]]
    return SetFindings(
        images=len(one.logits),
        empty=one.attention[target].empty,
        near_blank=int(is_near_blank(one.maps[target]).sum()),
        regions=regions.summarise(one.attention[target], seed),
        margin=regions.summarise_region(
            regions.measure_share(one.maps[target], one.margins), one.margins.mean((1, 2)), one.subjects.groups, seed
        ),
        deletion=curves[0],
        insertion=curves[1],
        **similarity,
    )


def average_curves(answer: Answer) -> MeanCurvesByTarget:
    """Returns the mean deletion and insertion curves, by target and set."""
    return {
        target: {
            one.subjects.name: tuple(
                deletion.average(curves, one.subjects.groups[: one.checked]) for curves in one.curves[target]
            )
            for one in answer.sets
        }
        for target in TARGETS
    }


def compare_with_random(gain: Estimate) -> str:
    """Returns how maps that don't beat random ones compare: `no better` or `worse`; "" if they do, or are too few.

    Example:
        >>> intervals = ((0.05, 0.2), (-0.1, 0.3), (-0.4, -0.1))
        >>> [compare_with_random(Estimate(0.1, low, high, 8, 8)) for low, high in intervals]
        ['', 'no better', 'worse']
    """
    if gain.n < MIN_IMAGES or gain.low > 0:
        return ""
    return "worse" if gain.high < 0 else "no better"


def to_plain(value: Any) -> Any:
    """Returns dataclasses and numbers in a form that JSON allows: NaN becomes null.

    Example:
        >>> to_plain({"a": (float("nan"), 1)})
        {'a': [None, 1]}
    """
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: to_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    return value
