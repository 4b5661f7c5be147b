"""What to put into the report of a run."""

from dataclasses import dataclass
from pathlib import Path

from ganoscope.errors import describe, refuse
from ganoscope.files.field_types import fit_fields


@dataclass(frozen=True)
class ReportConfig:
    """What to put into the report of a run."""

    explanations: Path | None = None
    """Folder written by `ganoscope explain`; by default RUN/explanations, if it exists."""
    counterfactuals: Path | None = None
    """Folder written by `ganoscope counterfactual`; by default RUN/counterfactuals, if it exists."""
    audit: Path | None = None
    """Folder written by `ganoscope audit`; by default RUN/audit, if it exists."""
    generated: Path | None = None
    """Folder written by `ganoscope generate`, or a store of generated images: shown, and compared with real images."""
    classifier: Path | None = None
    """Folder of a classifier trained by `ganoscope classify`, in whose features the generated images are compared as
    well; by default, in those of a fixed random network alone."""
    store: Path | None = None
    """Store that the run was trained on, if it was moved."""
    number: int = 200
    """Maximum number of images per set in the diversity measurement."""
    compared: int = 1000
    """Maximum number of images per set in the comparison of generated with real images."""
    seed: int = 0
    """Random seed of all measurements."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: A value is out of range, or an option has nothing to act on.
        """
        fit_fields(self)
        faults = []
        if self.compared < 4:
            faults.append(describe("--compared is too small", self.compared, "4 or more", "1000 is usual."))
        if self.seed < 0:
            faults.append(describe("--seed is negative", self.seed, "0 or more", ""))
        if self.classifier and self.generated is None:
            remedy = "Name a folder of generated images as well."
            faults.append(describe("--classifier has no effect without --generated", "none", "a folder", remedy))
        refuse(faults)
