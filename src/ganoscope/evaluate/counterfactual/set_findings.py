"""What the measures of all counterfactuals say together: means with intervals, realism, and what to be warned of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm
from ganoscope.evaluate.counterfactual.measures import BLUR_PX, NAMES, Measures
from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity.kernel_distance import measure_kernel_distance
from ganoscope.evaluate.set_distance import FEWEST, Distance
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_wilson_interval

SHARES = tuple(name for name in NAMES if "flip" in name and not name.endswith("strength"))
"""Measures that are 0 or 1 for every image."""
ALL = "all"
MUCH_PADDING = 0.1
"""Share of the change beside the picture from which on it may raise an alarm."""
FEWEST_HALVED = 4
"""Patients of the target domain that can be halved, so that both halves have two."""
FEW_FLIPS, FEW_KEPT = 0.5, 0.9
"""Share of flips below which counterfactuals explain no classifier, and share of them that written files must keep."""

Summary = Mapping[str, Mapping[str, Estimate]]
"""Estimates by set of images (`all`, or `to` a target class) and measure."""


@dataclass(frozen=True)
class Findings:
    """What was found over all images.

    Attributes:
        summary: Means with intervals; measures that apply to no image of a set are left out.
        transfer_margin: How much more often the counterfactuals than the noise flip the independent classifier; None
            without one.
    """

    summary: Summary
    transfer_margin: Estimate | None


def summarise(measures: Measures, targets: NDArray[np.str_], groups: Sequence[str], seed: int) -> Findings:
    """Returns the mean of every measure with its interval: for all images, and for each target class.

    Args:
        measures: Of N images.
        targets: Name of the target class of each, shape (N,).
        groups: Patient or near-duplicate cluster of each.
        seed: Of the resampling.
    """
    members = np.asarray(groups)
    sets = {ALL: np.ones(len(targets), bool)}
    names = np.unique(targets).tolist()
    sets |= {f"to {name}": targets == name for name in names} if len(names) > 1 else {}
    summary = {
        name: {
            measure: estimate(measure, getattr(measures, measure)[chosen], members[chosen], seed)
            for measure in NAMES
            if np.isfinite(getattr(measures, measure)[chosen]).any()
        }
        for name, chosen in sets.items()
    }
    margin = measures.judge_flip - measures.attack_judge_flip
    return Findings(summary, estimate_margin(margin, members, seed) if np.isfinite(margin).any() else None)


def estimate(name: str, values: NDArray[np.float64], groups: NDArray[np.str_], seed: int) -> Estimate:
    """Returns the mean of one measure with its bootstrap interval over groups.

    Where every image agrees on yes or no, resampling can't tell how certain that is: the interval is then Wilson's for
    as many images as there are groups. Of one group alone, other means have no interval.
    """
    found = estimate_mean(values, groups.tolist(), seed)
    if name in SHARES and found.value in (0.0, 1.0):
        low, high = compute_wilson_interval(found.value, found.groups)
        return Estimate(found.value, low, high, found.n, found.groups)
    return found if found.groups > 1 else Estimate(found.value, np.nan, np.nan, found.n, found.groups)


def estimate_margin(margin: NDArray[np.float64], groups: NDArray[np.str_], seed: int) -> Estimate:
    """Returns the mean of differences, each -1, 0 or 1, with its interval.

    Where all are alike, at least Wilson's lower share of them is, for as many images as there are groups; the rest may
    lie at either end.
    """
    found = estimate("margin", margin, groups, seed)
    if found.groups < 2 or np.ptp(margin[np.isfinite(margin)]):
        return found
    share, _ = compute_wilson_interval(1.0, found.groups)
    low, high = (share * found.value + (1 - share) * end for end in (-1, 1))
    return Estimate(found.value, low, high, found.n, found.groups)


@dataclass(frozen=True)
class Realism:
    """Kernel distances to real images of the target domain, by one extractor.

    Attributes:
        counterfactuals: Of the translated images; its floor is what real images measure.
        originals: Of the same images before they were translated.
    """

    counterfactuals: Distance
    originals: Distance


def measure_realism(
    counterfactuals: Features, originals: Features, real: Features, peer: Features | None, seed: int
) -> Realism | None:
    """Returns how far images are from the target domain before and after; None where there are too few of them.

    Args:
        counterfactuals: Features of the translated images, grouped as the originals are.
        originals: Of the images that they come from.
        real: Of real images of the target domain.
        peer: Of real images of the target domain, of other patients.
        seed: Of the resampling.
    """
    sets = [counterfactuals, originals, real, *([peer] if peer else [])]
    if not peer and len(np.unique(real.groups)) < FEWEST_HALVED:
        return None
    if any(len(one.values) < FEWEST or len(np.unique(one.groups)) < 2 for one in sets):
        return None
    first, second = (measure_kernel_distance(one, real, peer, seed) for one in (counterfactuals, originals))
    return Realism(first, second)


def find_alarms(findings: Findings) -> list[Alarm]:
    """Returns what to know before a counterfactual is taken for an explanation."""
    found = findings.summary[ALL]
    return [*check_flips(found), *check_attack(findings), *check_places(found), *check_files(found)]


def check_flips(found: Mapping[str, Estimate]) -> list[Alarm]:
    """Alarms where the explained classifier's answer hardly ever becomes the target."""
    flip = found.get("flip")
    if flip is None or flip.value >= FEW_FLIPS:
        return []
    message = (
        f"only {flip.value:.0%} of the counterfactuals change the explained classifier's answer (n = {flip.n}): most "
        "show no change that it answers to. Train longer, or give the counterfactual loss more weight."
    )
    return [Alarm("few_flips", "warning", message, {"flips": round(flip.value, 4), "images": flip.n})]


def check_attack(findings: Findings) -> list[Alarm]:
    """Alarms where counterfactuals behave as an attack does, and notes where the control can't tell."""
    found, margin = findings.summary[ALL], findings.transfer_margin
    flip, judge, kept = (found.get(name) for name in ("flip", "judge_flip", "flip_after_blur"))
    alarms = []
    if flip and judge and judge.value < FEW_FLIPS * flip.value:
        message = (
            f"counterfactuals behave as an attack: they flip the explained classifier on {flip.value:.0%} of the "
            f"images, but an independent one on {judge.value:.0%} (n = {judge.n}). They do not show what the class is "
            "like."
        )
        alarms.append(Alarm("counterfactual_like_attack", "warning", message, {"judge_flips": round(judge.value, 4)}))
    if kept and kept.value < FEW_FLIPS:
        message = (
            f"only {kept.value:.0%} of the flips hold when the counterfactual is blurred by {BLUR_PX:g} px (n = "
            f"{kept.n}): they rest on fine patterns, as an attack does."
        )
        alarms.append(Alarm("flips_lost_in_blur", "warning", message, {"kept": round(kept.value, 4)}))
    if margin and margin.low <= 0 and not alarms:
        message = (
            "the adversarial control can't tell counterfactuals from noise here: noise of the same L2 norm flips the "
            f"independent classifier as often (difference {margin.value:.2f}, {margin.low:.2f} to {margin.high:.2f}, "
            f"n = {margin.n}). Noise of that size is no longer small; compare the strengths at which each begins to."
        )
        alarms.append(Alarm("control_undecided", "note", message, {"difference": round(margin.value, 4)}))
    return alarms


def check_places(found: Mapping[str, Estimate]) -> list[Alarm]:
    """Alarms where the change misses annotated findings, or prefers the padding beside the picture."""
    alarms = []
    inside, area = found.get("change_in_lesion"), found.get("lesion_area")
    if inside and area and not (inside.low > area.high or (inside.groups < 2 and inside.value > area.value)):
        message = (
            f"the changes do not point to the annotated findings: {inside.value:.1%} of them lie inside, where a "
            f"change without preference would have {area.value:.1%} (n = {inside.n})."
        )
        alarms.append(Alarm("change_misses_findings", "warning", message, {"inside": round(inside.value, 4)}))
    beside, padding = found.get("change_in_padding"), found.get("padding_area")
    if beside and padding and beside.value > max(MUCH_PADDING, padding.value):
        message = (
            f"{beside.value:.1%} of the change lies in the padding beside the picture, which covers "
            f"{padding.value:.1%} of the square (n = {beside.n}): the classes are told apart by the pictures' shape, "
            "which is no disease. Prepare the store with --fit crop or body."
        )
        alarms.append(Alarm("change_in_padding", "warning", message, {"share": round(beside.value, 4)}))
    return alarms


def check_files(found: Mapping[str, Estimate]) -> list[Alarm]:
    """Alarms where written files, read again, no longer have the effect that was measured on the networks' images."""
    kept = found.get("flip_as_written")
    if kept is None or kept.value >= FEW_KEPT:
        return []
    message = (
        f"of the counterfactuals that change the classifier's answer, {kept.value:.0%} still do in the file that is "
        f"written (n = {kept.n}): bringing the change to the source's geometry and values loses a part of it."
    )
    return [Alarm("written_files_differ", "warning", message, {"kept": round(kept.value, 4), "images": kept.n})]
