"""Configuration of `ganoscope prepare`."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from ganoscope.data.file_limits import RANGES as FILE_RANGES
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.geometry.volumes import find_choice_fault
from ganoscope.data.levels.stated import list_faults
from ganoscope.data.patients import compile_pattern
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.named_classes import compile_classes
from ganoscope.data.store.intensity import IntensityConfig
from ganoscope.data.store.splits import Fractions
from ganoscope.data.tables.label_rules import parse_map
from ganoscope.errors import UserError, describe, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields

MODALITIES = ("CT", "MR", "DX", "CR", "PT", "US", "MG")


@dataclass(frozen=True)
class PrepareConfig(IntensityConfig, ReadOptions, GeometryConfig):
    """How a source folder is converted into a store."""

    layout: str = ""
    """Layout of the source folder (see above); detected automatically by default."""
    modality: str = ""
    """Modality of the images (CT, MR, DX, ...) where the files don't state it; data augmentation depends on it."""
    patient_pattern: str | None = None
    """Regular expression whose first group is the patient id, or the name of a built-in one. It is compared with file
    names, paths below SOURCE and patient ids of the source, whichever it matches most often, and goes before them."""
    validation: float = 0.15
    """Proportion of validation images where the source has no validation folder."""
    test: float = 0.15
    """Proportion of test images where the source has no test folder."""
    split: Literal["all", "test"] = "all"
    """all: training, validation and test images; test: every image is for testing, as for external validation."""
    ignore_source_splits: bool = False
    """Divide anew, whatever folders or tables of the source say about training, validation and test."""
    seed: int = 0
    """Random seed of the split."""
    name: str = ""
    """Name of the data set in reports."""

    def __post_init__(self) -> None:
        """Checks everything that can be checked without the source.

        Raises:
            UserError: A value is invalid; all faults are in one message.
        """
        fit_fields(self)
        faults = [*self.list_geometry_faults(), *self.list_intensity_faults(), *list_range_faults(self, FILE_RANGES)]
        if self.modality and self.modality not in MODALITIES:
            faults.append(describe("--modality is not known", self.modality, ", ".join(MODALITIES), "Choose one."))
        faults += [fault] if (fault := find_choice_fault(self.slices)) else []
        faults += [*list_faults(self.levels), *self.list_class_faults()]
        for check in (
            partial(Fractions, self.validation, self.test),
            partial(compile_pattern, self.patient_pattern),
            partial(parse_map, self.map),
            partial(compile_classes, self.class_pattern),
        ):
            try:
                check()
            except UserError as error:
                faults.append(str(error))
        refuse(faults)

    def list_class_faults(self) -> list[str]:
        """Returns a fault if the class is stated in several ways."""
        options = {
            "--class-pattern": self.class_pattern,
            f"--levels {self.levels}": "class" in self.levels.split("/"),
            "--label-column" if self.label_column else "--map": self.label_column or self.map,
        }
        given = [option for option, stated in options.items() if stated]
        fault, remedy = "the class is stated twice", "Leave the others out."
        return [describe(fault, " and ".join(given), "one of them", remedy)] if len(given) > 1 else []
