"""Checks of a run, by where they look."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ganoscope.alarms import Alarm, Check
from ganoscope.audits.shown_faults import FAULT_CHECK
from ganoscope.classifiers.fitness import DANGER_CHECK
from ganoscope.counterfactuals import checks as counterfactual_checks
from ganoscope.data import checks as data_checks
from ganoscope.evaluate.counterfactual import set_checks
from ganoscope.evaluate.fidelity import diversity
from ganoscope.explanation import checks as explanation_checks
from ganoscope.training import checks as training_checks


@dataclass(frozen=True)
class Results:
    """A folder of results beside the run that it is about.

    Attributes:
        what: What the folder holds, such as `explanations`.
        command: The command that writes such folders.
        images_seen: Images seen at the checkpoint that the results are about; None where it is not recorded.
        weights_sha256: SHA-256 of the weights that the results are about; None where it is not recorded.
        expected_sha256: SHA-256 of the weights that the report is about.
    """

    what: str
    command: str
    images_seen: Any
    weights_sha256: Any
    expected_sha256: str


def find_other_weights(results: Results) -> Iterator[Alarm]:
    """Yields an alarm where results are about other weights than the report, or about unrecorded ones."""
    if results.weights_sha256 == results.expected_sha256:
        return
    seen = results.images_seen
    origin = f"made at {seen:,} images" if isinstance(seen, int) else "made from unrecorded weights"
    yield Alarm(
        f"{results.what}_of_other_weights",
        "warning",
        f"the {results.what} were {origin}, not at the checkpoint that this report is about. Rerun "
        f"`ganoscope {results.command}`.",
    )


ORIGIN_CHECK = Check(("*_of_other_weights",), "results made with weights other than this report's", find_other_weights)


LOOKED_FOR: dict[str, tuple[Check[Any], ...]] = {
    "Training": training_checks.CHECKS,
    "Data": data_checks.CHECKS,
    "Classifiers": (DANGER_CHECK,),
    "Diversity": diversity.CHECKS,
    "Explanations": (ORIGIN_CHECK, *explanation_checks.CHECKS),
    "Counterfactuals": (ORIGIN_CHECK, *set_checks.CHECKS, *counterfactual_checks.CHECKS),
    "Audits": (ORIGIN_CHECK, FAULT_CHECK),
}
"""Checks by where they look, in the order in which the report lists them."""


def describe_checks(origin: str) -> str:
    """Returns everything that is looked for at one origin, as one sentence."""
    listed = "; ".join(check.description for check in LOOKED_FOR[origin])
    return f"{listed[0].upper()}{listed[1:]}."
