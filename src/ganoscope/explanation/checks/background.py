"""Does the evidence lie where there is no anatomy: in the background, or on the dark bars at the edges?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.findings import MIN_IMAGES, Examination, SetFindings
from ganoscope.explanation.regions import RegionSummary
from ganoscope.explanation.summary import TITLES, percent, say_share

MIN_EXCESS = 0.05
"""Smallest difference between a region's share of attention and its share of the area that is worth an alarm."""
PLACES = {
    "attention_on_background": "in the background",
    "attention_on_edges": "on the dark bars at the edges (padding, air)",
}
"""Where attention should not lie, by the alarm's code."""


def find_misplaced_attention(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm per place in which the maps of a set lie more than its share of the area explains."""
    for code, place in PLACES.items():
        found = {
            (name, kind): choose_region(code, one)
            for name, target in examination.findings.targets.items()
            for kind, one in target.sets.items()
            if exceeds(choose_region(code, one))
        }
        if found:
            listed = "; ".join(
                f"{say_share(one.share)} of the {TITLES[name]} in {one.share.n} {kind} images, on "
                f"{percent(one.area.value)} of the picture"
                for (name, kind), one in found.items()
            )
            yield Alarm(
                code,
                "warning",
                f"attention lies {place} beyond its share of the area: {listed}. The network judges by something "
                "outside the anatomy there: look for padding, borders and burnt-in marks, and prepare with --fit crop "
                "or body.",
                {f"{name} on {kind}": round(one.excess.value, 3) for (name, kind), one in found.items()},
            )


def choose_region(code: str, one: SetFindings) -> RegionSummary:
    """Returns the statistics of the place that an alarm is about."""
    return one.regions["background"] if code == "attention_on_background" else one.margin


def exceeds(region: RegionSummary) -> bool:
    """Tells whether attention lies in a region beyond its share of the area."""
    excess = region.excess
    return excess.n >= MIN_IMAGES and excess.low > 0 and excess.value >= MIN_EXCESS


CHECK = Check(
    tuple(PLACES),
    "attention on the background or on dark bars at the edges beyond their share of the area",
    find_misplaced_attention,
    f"{MIN_EXCESS:.0%} of the attention or more above the share of the area, with an interval above 0, over "
    f"{MIN_IMAGES} images or more",
    rank=45,
)
