"""Options of an audit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganoscope.audits.audit_evidence import Depth
from ganoscope.audits.over_training import list_checkpoint_faults
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields

FEWEST = 50
"""Images below which nothing is audited: no rate could be told from chance."""
RANGES = {"number": Range(FEWEST), "checkpoint": Range(0), "seed": Range(0)}


@dataclass(frozen=True)
class AuditConfig:
    """What the synthetic images are compared with, and how thoroughly."""

    holdout: Path | None = None
    """Store of other patients of the same source, whom the generator has not seen; by default, the test split of
    --real."""
    bank: Path | None = None
    """Bank of `ganoscope bank` on the store of --real, for membership by models with and without each patient."""
    classifier: Path | None = None
    """Classifier of `ganoscope classify`, trained on the training split of --real: a further feature family."""
    reid_store: Path | None = None
    """Store of patients that are neither in --real nor in --holdout, to train the re-identification network on; by
    default, the images of --real that the generator has not seen, but for the held-out ones."""
    depth: Depth = "quick"
    """quick trains no network and inverts no generator; full does both."""
    number: int = 1000
    """Images to draw where --synthetic is a run; of a folder, all are taken."""
    checkpoint: int | None = None
    """Checkpoint to draw from, by its number of images seen; by default, the newest."""
    checkpoints: str = ""
    """Further checkpoints of a run to audit, as a curve over training: all, or images seen such as 20000,40000."""
    policy: Path | None = None
    """JSON file of thresholds: the exit status is then 0 (pass), 1 (fail) or 3 (unknown)."""
    seed: int = 0
    """Random seed."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of the networks."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: Values are out of range; all faults are reported.
        """
        fit_fields(self)
        refuse([*list_range_faults(self, RANGES), *list_checkpoint_faults(self.checkpoints)])
