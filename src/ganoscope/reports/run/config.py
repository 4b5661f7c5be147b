"""What to put into the report of a run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ReportConfig:
    """What to put into the report of a run."""

    explanations: Path | None = None
    """Folder written by `ganoscope explain`; by default RUN/explanations, if it exists."""
    counterfactuals: Path | None = None
    """Folder written by `ganoscope counterfactual`; by default RUN/counterfactuals, if it exists."""
    generated: Path | None = None
    """Folder written by `ganoscope generate`, whose contact sheet is shown."""
    number: int = 200
    """Maximum number of images per set in the diversity measurement."""
    seed: int = 0
    """Random seed of the diversity measurement."""
