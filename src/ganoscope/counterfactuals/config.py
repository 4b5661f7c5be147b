"""Options of `ganoscope counterfactual`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganoscope.data.file_limits import RANGES as FILE_RANGES
from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields

RANGES = {
    "steps": Range(2, 65),
    "panels": Range(0),
    "attack_steps": Range(0, 1000),
    "seed": Range(0),
    "number": Range(1),
    "batch_size": Range(1),
    **FILE_RANGES,
}


@dataclass(frozen=True)
class CounterfactualConfig:
    """What to translate, and how to evaluate the counterfactuals."""

    target: str = ""
    """Class or domain to translate every image to. By default, each image is translated to the domain that the
    explained classifier finds less probable; without a classifier, to the domain other than its label."""
    steps: int = 9
    """Number of strengths s of the change to try, from 0 to 1: x + s (G(x) - x)."""
    split: Literal["test", "validation", "train", "all"] = "test"
    """Split of a store to translate."""
    number: int | None = None
    """Translate only this many images: of a store, in equal shares the first ones of each class."""
    hu_offset: int | None = None
    """Offset of Hounsfield units in picture or NIfTI files; by default, that of the run's own files of that kind."""
    max_file_gib: float | None = None
    """Most memory in GiB that reading one file may take; by default, as the run's store was prepared."""
    max_file_seconds: float | None = None
    """Most processor time in seconds for opening a file, and for each picture in it; by default, as for that store."""
    classifier: Path | None = None
    """Folder of the classifier to explain; by default, the one the run was trained with."""
    judge: Path | None = None
    """Folder of an independent classifier: a change that flips only the explained one is an adversarial attack."""
    attack_steps: int = 20
    """Optimisation steps of the adversarial noise that counterfactuals are compared with; 0 omits the comparison."""
    panels: int = 100
    """Largest number of images to draw a panel for, in equal parts for each direction of translation."""
    store: Path | None = None
    """Store that the run was trained on, if it was moved."""
    key: Path | None = None
    """Private file that maps numbers to the files of a folder; by default, OUT.key.csv."""
    batch_size: int | None = None
    """Number of images translated at once; by default, chosen by their size."""
    seed: int = 0
    """Random seed of all resampling."""
    checkpoint: int | None = None
    """Checkpoint to use, by its number of images seen; by default, the newest."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto uses a GPU if there is one."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: Values are out of range.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))

    @property
    def file_limits(self) -> dict[str, float]:
        """Limits on the work on one file, as far as they are given."""
        values = {name: getattr(self, name) for name in FILE_RANGES}
        return {name: value for name, value in values.items() if value is not None}
