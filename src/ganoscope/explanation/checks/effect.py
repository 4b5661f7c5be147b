"""Do the marked pixels move the score more than others?"""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check
from ganoscope.explanation.findings import Examination, compare_with_random
from ganoscope.explanation.summary import name_set


def find_missing_effect(examination: Examination) -> Iterator[Alarm]:
    """Yields an alarm when blurring the marked pixels moves the score no more than blurring others."""
    without: dict[str, float | int | str | list[str]] = {
        f"{name} on {kind}": round(one.deletion.gain.value, 4)
        for name, target in examination.findings.targets.items()
        for kind, one in target.sets.items()
        if compare_with_random(one.deletion.gain) and compare_with_random(one.insertion.gain)
    }
    if without:
        listed = ", ".join(name_set(name) for name in without)
        yield Alarm(
            "attention_without_effect",
            "warning",
            "the marked pixels move the score no more than pixels marked at random, neither when they are blurred nor "
            f"when they are restored, in maps of {listed}. Don't read these maps as causes.",
            without,
        )


CHECK = Check(
    ("attention_without_effect",),
    "maps that move the score no more than random ones",
    find_missing_effect,
    "neither by deletion nor by insertion does the interval of the gain lie above 0",
    rank=50,
)
