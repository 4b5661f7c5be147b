"""What a user can say about how a source becomes a store."""

from dataclasses import dataclass
from functools import partial

from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.geometry.volumes import find_choice_fault
from ganoscope.data.patients import compile_pattern
from ganoscope.data.picture import ReadOptions
from ganoscope.data.store.intensity import IntensityConfig
from ganoscope.data.store.splits import Fractions
from ganoscope.errors import UserError, describe, refuse

MODALITIES = ("CT", "MR", "DX", "CR", "PT", "US", "MG")


@dataclass(frozen=True)
class PrepareConfig(IntensityConfig, ReadOptions, GeometryConfig):
    """How a source becomes a store."""

    layout: str = ""
    """How the source is arranged; recognised where it is not given: `ganoscope prepare --help` lists the layouts."""
    modality: str = ""
    """What the pictures are (CT, MR, DX, ...), where the files don't say: augmentation depends on it."""
    patient_pattern: str | None = None
    """Regular expression whose first group, found in the file name, is the patient id; or a built-in one's name."""
    validation: float = 0.15
    """Share of validation images, where the source has no folder for them."""
    test: float = 0.15
    """Share of test images, where the source has no folder for them."""
    seed: int = 0
    """Of the split."""
    name: str = ""
    """What the data set is called in reports."""

    def __post_init__(self) -> None:
        """Checks everything that can be checked without the source, and names all faults at once."""
        faults = [*self.list_geometry_faults(), *self.list_intensity_faults()]
        if self.modality and self.modality not in MODALITIES:
            faults.append(describe("--modality is not known", self.modality, ", ".join(MODALITIES), "Choose one."))
        faults += [fault] if (fault := find_choice_fault(self.slices)) else []
        for check in (partial(Fractions, self.validation, self.test), partial(compile_pattern, self.patient_pattern)):
            try:
                check()
            except UserError as error:
                faults.append(str(error))
        refuse(faults)
