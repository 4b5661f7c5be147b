"""What to explain, and how."""

from dataclasses import dataclass
from typing import Literal

from ganoscope.errors import describe, refuse
from ganoscope.explanation import feature_attribution


@dataclass(frozen=True)
class ExplainConfig:
    """What to explain, and how."""

    number: int = 64
    """How many held-out real, and how many generated images."""
    seed: int = 0
    """Of the choice of real images, of the generated ones, and of every check."""
    explainer: str = "grad_cam"
    """Name of the explainer, or the dotted name of a module of your own."""
    layer: str | None = None
    """Layer to look at, such as levels.2; the explainer's own choice where it is not given."""
    checkpoint: int | None = None
    """Images seen at the checkpoint to use; the newest where it is not given."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        """Checks every value."""
        faults = []
        if self.number < 1:
            faults.append(describe("--number is too small", self.number, "1 or more", "64 is usual."))
        if self.seed < 0:
            faults.append(describe("--seed is negative", self.seed, "0 or more", ""))
        if "." not in self.explainer and self.explainer not in feature_attribution.available():
            names = ", ".join(feature_attribution.available())
            faults.append(describe("--explainer is unknown", self.explainer, f"{names}, or a dotted name", ""))
        refuse(faults)
