"""Are there many maps that hardly vary?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.checks.empty_maps import MAX_EMPTY
from ganoscope.explanation.findings import Examination
from ganoscope.explanation.summary import name_set
from ganoscope.figures.overlays import BLANK_SPREAD


def find_near_blank_maps(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when many maps are nearly uniform."""
    counts = {
        f"{name} on {kind}": (one.near_blank, one.images)
        for name, target in examination.findings.targets.items()
        for kind, one in target.sets.items()
        if one.near_blank > MAX_EMPTY * one.images
    }
    if counts:
        listed = ", ".join(f"{few} of {images} of {name_set(name)}" for name, (few, images) in counts.items())
        yield Alarm(
            "near_blank_maps",
            "warning",
            f"many maps are near-blank: {listed}. They hardly vary over the picture, so they mark no place; they are "
            "left uncoloured. Try another --layer or --explainer.",
            {name: few for name, (few, _) in counts.items()},
        )


CHECK = Check(
    ("near_blank_maps",),
    "maps that hardly vary over the picture",
    find_near_blank_maps,
    f"values that differ by less than {BLANK_SPREAD:.0%} of the largest, in more than {MAX_EMPTY:.0%} of a set",
    rank=42,
)
