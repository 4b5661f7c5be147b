"""Do the maps depend on what the network has learned?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.checks.randomisation import IGNORES_WEIGHTS
from ganoscope.explanation.findings import Examination


def find_ignored_weights(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when maps stay much the same although every weight was randomised."""
    final = {name: target.final_rank_correlation for name, target in examination.findings.targets.items()}
    ignoring = {name: round(value, 3) for name, value in final.items() if value >= IGNORES_WEIGHTS}
    if ignoring:
        listed = ", ".join(f"{value:.2f} for {name.replace('_', ' ')}" for name, value in ignoring.items())
        yield Alarm(
            "explanation_ignores_weights",
            "danger",
            "the maps hardly depend on what the network has learned: after every weight was randomised, their mean "
            f"absolute rank correlation with the original is {listed} (limit {IGNORES_WEIGHTS}). They reflect the "
            f"picture, not the network; try --explainer hires_cam or another --layer.",
            {**ignoring},
        )


CHECK = Check(
    ("explanation_ignores_weights",),
    "maps that ignore the weights",
    find_ignored_weights,
    f"mean absolute rank correlation of {IGNORES_WEIGHTS} or more after full randomisation",
    rank=30,
)
