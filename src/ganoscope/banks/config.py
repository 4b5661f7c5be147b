"""Options of a bank."""

from dataclasses import dataclass
from typing import Literal

from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.presets import find_preset

RANGES = {
    "models": Range(2, 10_000),
    "images": Range(1),
    "number": Range(1, 1_000_000),
    "seed": Range(0),
}


@dataclass(frozen=True)
class BankConfig:
    """Which models a bank consists of, and what they generate. All of it is frozen before training."""

    method: str = "narrow_r3gan"
    """Method or preset of all models: one that generates images from noise."""
    models: int = 64
    """Number of models, an even one: two learn from the two halves of each random division of the patients."""
    images: int = 20_000
    """Images that each model is trained on, counted over all epochs."""
    number: int = 256
    """Images that each model generates: of the same noise and classes for all models, classes as frequent as in the
    store."""
    seed: int = 0
    """Random seed of halves, trainings and generated images."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Precision of forward passes in trainings: fp32 on every machine, or bf16, which is faster where processors have
    it natively."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of trainings and drawing. cuda: each model takes a GPU of its own; auto computes on the CPU, as cpu does,
    so that one bank means the same on every machine."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: Values are out of range, or there is no such method; all faults are reported.
        """
        fit_fields(self)
        faults = list_range_faults(self, RANGES)
        if self.models % 2:
            remedy = "Two models share each division of the patients, one half each."
            faults.append(describe("--models is odd", self.models, "even numbers", remedy))
        try:
            find_preset(self.method)
        except UserError as error:
            faults.append(str(error))
        refuse(faults)
