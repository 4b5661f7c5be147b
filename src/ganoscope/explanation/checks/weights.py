"""Do the maps depend on what the network has learned?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.checks.randomisation import IGNORES_WEIGHTS
from ganoscope.explanation.findings import MIN_IMAGES, Examination
from ganoscope.explanation.summary import say


def find_ignored_weights(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when maps stay much the same although every weight was randomised."""
    final = {name: target.final_rank_correlation for name, target in examination.findings.targets.items()}
    ignoring = {name: one for name, one in final.items() if one.n >= MIN_IMAGES and one.value >= IGNORES_WEIGHTS}
    if ignoring:
        listed = ", ".join(
            f"{say(one, 2)} over {one.n} maps for {name.replace('_', ' ')}" for name, one in ignoring.items()
        )
        evidence: dict[str, float | int | str | list[str]] = {}
        for name, one in ignoring.items():
            evidence |= {name: round(one.value, 3), f"{name}_low": round(one.low, 3), f"{name}_maps": one.n}
        yield Alarm(
            "explanation_ignores_weights",
            "danger",
            "the maps hardly depend on what the network has learned: after every weight was randomised, their mean "
            f"absolute rank correlation with the original is {listed} (limit {IGNORES_WEIGHTS}). They reflect the "
            f"picture, not the network; try --explainer hires_cam or another --layer.",
            evidence,
        )


CHECK = Check(
    ("explanation_ignores_weights",),
    "maps that ignore the weights",
    find_ignored_weights,
    f"mean absolute rank correlation of {IGNORES_WEIGHTS} or more after full randomisation, over {MIN_IMAGES} maps or "
    "more",
    rank=30,
)
