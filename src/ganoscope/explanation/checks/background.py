"""Does the evidence lie where there is no anatomy: in the background, or on the dark bars at the edges?"""

from collections.abc import Callable, Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.findings import MIN_IMAGES, Examination, SetFindings
from ganoscope.explanation.regions import RegionSummary
from ganoscope.explanation.summary import TITLES, percent, say, say_share

MIN_EXCESS = 0.05
"""Smallest difference between a region's share of attention and its share of the area that is worth an alarm."""

Excess = dict[tuple[str, str], RegionSummary]
"""Statistics of a place by target and set."""


def find_misplaced_attention(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm per place in which the maps of a set lie more than its share of the area explains."""
    background = collect_excess(examination, lambda one: one.regions["background"])
    if background:
        message = describe_excess("in the background", background)
        yield Alarm("attention_on_background", "warning", message, list_evidence(background))
    edges = collect_excess(examination, lambda one: one.margin)
    if edges:
        message = describe_excess("on the dark bars at the edges (padding, air)", edges)
        yield Alarm("attention_on_edges", "warning", message, list_evidence(edges))


def collect_excess(examination: Examination, choose: Callable[[SetFindings], RegionSummary]) -> Excess:
    """Returns the statistics of a place by target and set, where attention lies there beyond its share of the area.

    Args:
        examination: What the checks look at.
        choose: From the statistics of a set to those of the place.
    """
    return {
        (name, kind): choose(one)
        for name, target in examination.findings.targets.items()
        for kind, one in target.sets.items()
        if exceeds(choose(one))
    }


def describe_excess(place: str, found: Excess) -> str:
    """Returns the alarm's sentences about a place."""
    listed = "; ".join(
        f"{say_share(one.share)} of the {TITLES[name]} in {one.share.n} {kind} images, on {percent(one.area.value)} of "
        f"the picture; image by image, {say(one.excess, 0, 100)} percentage points too much"
        for (name, kind), one in found.items()
    )
    return (
        f"attention lies {place} beyond its share of the area: {listed}. The network judges by something outside the "
        "anatomy there: look for padding, borders and burnt-in marks, and prepare with --fit crop or body."
    )


def list_evidence(found: Excess) -> dict[str, float | int | str | list[str]]:
    """Returns share of attention minus share of the area, by target and set."""
    return {f"{name} on {kind}": round(one.excess.value, 3) for (name, kind), one in found.items()}


def exceeds(region: RegionSummary) -> bool:
    """Tells whether attention lies in a region beyond its share of the area."""
    excess = region.excess
    return excess.n >= MIN_IMAGES and excess.low > 0 and excess.value >= MIN_EXCESS


CHECK = Check(
    ("attention_on_background", "attention_on_edges"),
    "attention on the background or on dark bars at the edges beyond their share of the area",
    find_misplaced_attention,
    f"{MIN_EXCESS:.0%} of the attention or more above the share of the area, with an interval above 0, over "
    f"{MIN_IMAGES} images or more",
    rank=45,
    titles=("attention on the background", "attention on dark bars at the edges"),
)
