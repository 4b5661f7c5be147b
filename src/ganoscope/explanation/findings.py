"""What the evidence says: statistics with sample sizes and intervals, and alarms."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganoscope.alarms import Alarm
from ganoscope.explanation import regions
from ganoscope.explanation.checks import deletion
from ganoscope.explanation.checks.deletion import CurveSummary
from ganoscope.explanation.checks.randomisation import IGNORES_WEIGHTS
from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.regions import REGIONS, RegionSummary
from ganoscope.explanation.targets import TARGETS
from ganoscope.statistics.auroc import estimate_auroc
from ganoscope.statistics.bootstrap import Estimate, estimate_mean

MIN_AUROC = 0.6
MIN_IMAGES = 5
"""An interval over fewer images is none."""
MAX_EMPTY = 0.1
ANATOMY_AREA = (0.05, 0.95)
"""An outline outside this share of the picture separates nothing."""


@dataclass(frozen=True)
class SetFindings:
    """What holds for one target over one set.

    Attributes:
        images: Number of images.
        empty: Number of empty maps; they take no part in the shares.
        regions: Shares of attention and area, by region.
        deletion: Areas under the deletion curves.
        insertion: Areas under the insertion curves.
        rank_correlation: Mean absolute rank correlation with the original maps, by stage of randomisation.
        ssim: Mean structural similarity, by stage.
    """

    images: int
    empty: int
    regions: dict[str, RegionSummary]
    deletion: CurveSummary
    insertion: CurveSummary
    rank_correlation: dict[str, Estimate]
    ssim: dict[str, Estimate]


@dataclass(frozen=True)
class TargetFindings:
    """What holds for one target.

    Attributes:
        sets: By set.
        difference: Share of attention, real minus generated, by region.
        final_rank_correlation: Mean absolute rank correlation after full randomisation, over both sets.
        chance_rank_correlation: The same for maps that were shifted and mirrored at random.
    """

    sets: dict[str, SetFindings]
    difference: dict[str, Estimate]
    final_rank_correlation: float
    chance_rank_correlation: float


@dataclass(frozen=True)
class Findings:
    """All statistics.

    Attributes:
        auroc: How well the discriminator tells held-out real from generated images: 0.5 is not at all, 1 perfectly.
        probability: Its mean probability of real, by set; over no image where its scores are relative.
        targets: By target.
    """

    auroc: Estimate
    probability: dict[str, Estimate]
    targets: dict[str, TargetFindings]


def summarise(answer: Answer, seed: int) -> Findings:
    """Returns the statistics of all evidence; `seed` is that of the bootstrap."""
    real, generated = answer.sets
    return Findings(
        auroc=estimate_auroc(real.logits, generated.logits, real.subjects.groups, seed),
        probability={
            one.subjects.name: estimate_mean(one.probability, one.subjects.groups, seed) for one in answer.sets
        },
        targets={name: summarise_target(answer, name, seed) for name in TARGETS},
    )


def summarise_target(answer: Answer, target: str, seed: int) -> TargetFindings:
    """Returns the statistics of one target."""
    real, generated = (one.attention[target] for one in answer.sets)
    return TargetFindings(
        sets={one.subjects.name: summarise_set(answer, one, target, seed) for one in answer.sets},
        difference=regions.compare(real, generated, seed),
        final_rank_correlation=answer.randomisation[target].final,
        chance_rank_correlation=answer.randomisation[target].chance,
    )


def summarise_set(answer: Answer, one: Evidence, target: str, seed: int) -> SetFindings:
    """Returns the statistics of one target over one set."""
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
        regions=regions.summarise(one.attention[target], seed),
        deletion=curves[0],
        insertion=curves[1],
        **similarity,
    )


def find_alarms(answer: Answer, findings: Findings) -> list[Alarm]:
    """Returns what a reader must know before believing a map."""
    return [
        *check_discriminator(findings),
        *check_weights(findings),
        *check_empty(findings),
        *check_effect(findings),
        *check_outline(answer),
    ]


def check_discriminator(findings: Findings) -> Iterator[Alarm]:
    """Alarms when the discriminator can't tell the sets apart."""
    auroc = findings.auroc
    if auroc.value < MIN_AUROC:
        yield Alarm(
            "discriminator_blind",
            "warning",
            f"the discriminator hardly tells held-out real from generated images: AUROC {auroc.value:.2f} (95 % "
            f"interval {auroc.low:.2f} to {auroc.high:.2f}). Its explanations say little; look at other checkpoints.",
            {"auroc": round(auroc.value, 4), "images": auroc.n},
        )


def check_weights(findings: Findings) -> Iterator[Alarm]:
    """Alarms when maps stay much the same although every weight was destroyed."""
    final = {name: target.final_rank_correlation for name, target in findings.targets.items()}
    ignoring = {name: round(value, 3) for name, value in final.items() if value >= IGNORES_WEIGHTS}
    if ignoring:
        listed = ", ".join(f"{value:.2f} for {name.replace('_', ' ')}" for name, value in ignoring.items())
        yield Alarm(
            "explanation_ignores_weights",
            "danger",
            f"the maps hardly depend on what the network has learned: after every weight was destroyed, their mean "
            f"absolute rank correlation with the original is {listed} (limit {IGNORES_WEIGHTS}). They show the "
            "picture, not the network; try --explainer hires_cam or another --layer.",
            {**ignoring},
        )


def check_empty(findings: Findings) -> Iterator[Alarm]:
    """Alarms when many maps are all zero."""
    shares = {
        f"{name} on {kind}": one.empty / one.images
        for name, target in findings.targets.items()
        for kind, one in target.sets.items()
    }
    many = {name: round(share, 3) for name, share in shares.items() if share > MAX_EMPTY}
    if many:
        listed = ", ".join(f"{share:.0%} for {name.replace('_', ' ')} images" for name, share in many.items())
        yield Alarm(
            "empty_maps",
            "warning",
            f"many maps are empty: {listed}. At this layer nothing speaks for that answer, or the explainer can't see "
            "it; an empty map is no proof of absence, and the shares hold for the other images alone. Try another "
            "--layer or --explainer.",
            {**many},
        )


def check_effect(findings: Findings) -> Iterator[Alarm]:
    """Alarms when blurring the marked pixels moves the score no more than blurring others."""
    without: dict[str, float | int | str | list[str]] = {
        f"{name} on {kind}": round(one.deletion.gain.value, 4)
        for name, target in findings.targets.items()
        for kind, one in target.sets.items()
        if judge_gain(one.deletion.gain) and judge_gain(one.insertion.gain)
    }
    if without:
        listed = " and ".join(name.replace("_", " ") for name in without)
        yield Alarm(
            "attention_without_effect",
            "warning",
            f"for {listed} images, the marked pixels move the score no more than pixels marked at random, neither when "
            "they are blurred away nor when they are brought back. Don't read these maps as causes.",
            without,
        )


def judge_gain(gain: Estimate) -> str:
    """Returns how maps do that don't beat random ones: `no better` or `worse`; "" for those that do, or are too few.

    Example:
        >>> [judge_gain(Estimate(0.1, low, high, 8, 8)) for low, high in ((0.05, 0.2), (-0.1, 0.3), (-0.4, -0.1))]
        ['', 'no better', 'worse']
    """
    if gain.n < MIN_IMAGES or gain.low > 0:
        return ""
    return "worse" if gain.high < 0 else "no better"


def check_outline(answer: Answer) -> Iterator[Alarm]:
    """Alarms when the outline of the anatomy covers nearly nothing or nearly everything."""
    low, high = ANATOMY_AREA
    for one in answer.sets:
        area = 1 - np.mean(one.regions == regions.BACKGROUND, axis=(1, 2))
        share = float(np.mean((area < low) | (area > high)))
        if share > MAX_EMPTY:
            yield Alarm(
                f"no_outline_{one.subjects.name}",
                "warning",
                f"in {share:.0%} of the {one.subjects.name} images the anatomy can't be told from the background by "
                "brightness; the shares inside, on the boundary and outside mean little there.",
                {"share": round(share, 3), "images": len(area)},
            )


def make_rows(one: Evidence) -> Iterator[dict[str, object]]:
    """Yields a table row per image: scores, and for each target the map's size and where it lies."""
    for index, name in enumerate(one.subjects.ids):
        row: dict[str, object] = {
            "set": one.subjects.name,
            "sample_id": name,
            "split": one.subjects.splits[index],
            "group": one.subjects.groups[index],
            "logit": round(float(one.logits[index]), 6),
            "probability": "" if one.relative else round(float(one.probability[index]), 6),
        }
        for target, maps in one.maps.items():
            attention, empty = one.attention[target], bool(one.is_empty(target)[index])
            row |= {f"{target}_max": float(maps[index].max()), f"{target}_mean": float(maps[index].mean())}
            row |= {f"{target}_empty": int(empty)}
            for code, region in enumerate(REGIONS):
                row[f"{target}_{region}"] = "" if empty else round(float(attention.shares[index, code]), 6)
                row[f"area_{region}"] = round(float(attention.areas[index, code]), 6)
        yield row


def to_plain(value: Any) -> Any:
    """Returns dataclasses and numbers as JSON can hold them: no NaN, which becomes null.

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
