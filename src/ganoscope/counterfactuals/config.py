"""What a user can ask of a translation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganoscope.errors import Range, list_range_faults, refuse

RANGES = {
    "steps": Range(2, 65),
    "panels": Range(0),
    "attack_steps": Range(0, 1000),
    "seed": Range(0),
}


@dataclass(frozen=True)
class CounterfactualConfig:
    """What to translate, and what to hold it against."""

    target: str = ""
    """Class or domain that every image is to become. By default each becomes the one of the run's two that the
    explained classifier finds less probable; without a classifier, the other one than its label."""
    steps: int = 9
    """Strengths of the change that are tried, from none to all, ends included: x + s (G(x) - x)."""
    part: Literal["test", "validation", "train", "all"] = "test"
    """Which part of a store to take."""
    number: int | None = None
    """Take at most so many images: the first."""
    hu_offset: int | None = None
    """States that pictures or NIfTI volumes hold Hounsfield units plus this; what `prepare` was told about the run's
    own files of that kind where it is not given."""
    classifier: Path | None = None
    """Folder of the classifier that is explained; the one that the run was trained with, where there is one."""
    judge: Path | None = None
    """Folder of an independently trained classifier: a change that only convinces the explained one is an attack."""
    attack_steps: int = 20
    """Steps of the adversarial noise that counterfactuals are held against; 0 leaves it out."""
    panels: int = 100
    """Images, the first, that get a panel."""
    store: Path | None = None
    """The store that the run was trained on, where it is no longer at the place that the run notes."""
    key: Path | None = None
    """Where to write which file of a folder stands behind which number, private; OUT.key.csv where it is not given."""
    batch_size: int | None = None
    """Images translated at once; chosen by their size where it is not given."""
    seed: int = 0
    """Of all resampling."""
    checkpoint: int | None = None
    """Images seen at the checkpoint to use; the newest where it is not given."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        """Checks every value."""
        counts = {name: Range(1) for name in ("number", "batch_size") if getattr(self, name) is not None}
        refuse(list_range_faults(self, {**RANGES, **counts}))
