"""What is looked for in a run, by where it is looked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ganoscope.alarms import Alarm, Check
from ganoscope.data import checks as data_checks
from ganoscope.evaluate.fidelity.diversity import MARGIN
from ganoscope.explanation import checks as explanation_checks
from ganoscope.training import checks as training_checks


@dataclass(frozen=True)
class Results:
    """A folder of results beside the run that it is about.

    Attributes:
        what: What the folder holds, such as `explanations`.
        command: The command that writes such folders.
        images_seen: Images seen at the checkpoint that the results are about; None where they do not say.
        weights_sha256: SHA-256 of the weights that the results are about; None where they do not say.
        expected_sha256: SHA-256 of the weights that the report is about.
    """

    what: str
    command: str
    images_seen: Any
    weights_sha256: Any
    expected_sha256: str


def find_other_weights(results: Results) -> Iterator[Alarm]:
    """Yields an alarm where results are about other weights than the report, or do not say which."""
    if results.weights_sha256 == results.expected_sha256:
        return
    seen = results.images_seen
    origin = f"made at {seen:,} images" if isinstance(seen, int) else "made from unnamed weights"
    yield Alarm(
        f"{results.what}_of_other_weights",
        "warning",
        f"the {results.what} were {origin}, not at the checkpoint that this report is about. Rerun "
        f"`ganoscope {results.command}`.",
    )


ORIGIN_CHECK = Check(("*_of_other_weights",), "results of other weights than this report is about", find_other_weights)


def say(looks_for: str, *codes: str) -> Check[Any]:
    """Returns the description of a check whose alarms are read from a file."""
    return Check(codes, looks_for, lambda _: ())


LOOKED_FOR: dict[str, tuple[Check[Any], ...]] = {
    "Training": training_checks.CHECKS,
    "Data": data_checks.CHECKS,
    "Diversity": (
        say(
            f"mean MS-SSIM of generated images above that of real ones by more than {MARGIN}, intervals apart",
            "collapsed_diversity",
        ),
    ),
    "Explanations": (ORIGIN_CHECK, *explanation_checks.CHECKS),
    "Counterfactuals": (
        ORIGIN_CHECK,
        say("predictions that do not change", "few_flips"),
        say(
            "changes that flip the explained classifier alone, or are lost after a blur, like an adversarial attack",
            "counterfactual_like_attack",
            "flips_lost_in_blur",
            "control_undecided",
        ),
        say("changes outside annotated findings, or in the padding", "change_misses_findings", "change_in_padding"),
        say("changes that are lost when they are written to files", "written_files_differ"),
        say(
            "images on which the run or the independent classifier was trained",
            "training_images",
            "judge_has_seen_images",
        ),
        say("images of other classes, or resampled", "other_classes", "resampled"),
    ),
}
"""Checks by origin, in the order in which the report lists them."""


def describe_checks(origin: str) -> str:
    """Returns everything that is looked for at one origin, as one sentence."""
    listed = "; ".join(check.description for check in LOOKED_FOR[origin])
    return f"{listed[0].upper()}{listed[1:]}."
