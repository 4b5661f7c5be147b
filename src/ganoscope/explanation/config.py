"""What to explain, and how."""

from dataclasses import dataclass
from typing import Literal

from ganoscope.errors import describe, refuse
from ganoscope.explanation import feature_attribution
from ganoscope.files.field_types import fit_fields


@dataclass(frozen=True)
class ExplainConfig:
    """What to explain, and how."""

    number: int = 64
    """Number of held-out real images and number of generated images."""
    seed: int = 0
    """Random seed of the choice of real images, the generated images and every check."""
    explainer: str = "grad_cam"
    """Name of the explainer (see the list above), or the dotted name of your own module."""
    layer: str | None = None
    """Layer to explain, such as levels.2; by default, the explainer chooses."""
    checkpoint: int | None = None
    """Checkpoint to use, by its number of images seen; by default, the newest."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto uses a GPU if there is one."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: At least one value is out of range; the message names all of them.
        """
        fit_fields(self)
        faults = []
        if self.number < 1:
            faults.append(describe("--number is too small", self.number, "1 or more", "64 is usual."))
        if self.seed < 0:
            faults.append(describe("--seed is negative", self.seed, "0 or more", ""))
        if "." not in self.explainer and self.explainer not in feature_attribution.available():
            names = ", ".join(feature_attribution.available())
            faults.append(describe("--explainer is unknown", self.explainer, f"{names}, or a dotted name", ""))
        refuse(faults)
