"""Are there many maps that are zero everywhere?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.findings import Examination
from ganoscope.explanation.summary import name_set

MAX_EMPTY = 0.1
"""Largest share of empty maps that is not worth an alarm."""


def find_empty_maps(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when many maps are zero everywhere."""
    counts = {
        f"{name} on {kind}": (one.empty, one.images)
        for name, target in examination.findings.targets.items()
        for kind, one in target.sets.items()
    }
    many = {name: (empty, images) for name, (empty, images) in counts.items() if empty > MAX_EMPTY * images}
    if many:
        listed = ", ".join(f"{empty} of {images} of {name_set(name)}" for name, (empty, images) in many.items())
        yield Alarm(
            "empty_maps",
            "warning",
            f"many maps are empty: {listed}. This layer contains no evidence for that outcome, or the explainer "
            "can't detect it; an empty map does not prove absence, and the shares apply to the other images only. "
            "Try another --layer or --explainer.",
            {name: round(empty / images, 3) for name, (empty, images) in many.items()},
        )


CHECK = Check(("empty_maps",), "empty maps", find_empty_maps, f"more than {MAX_EMPTY:.0%} of a set", rank=40)
