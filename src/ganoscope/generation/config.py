"""What a user can ask of a generator."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ganoscope.errors import describe, refuse

DEFAULT_NUMBER = 64
MOST_STEPS = 32


@dataclass(frozen=True)
class GenerateConfig:
    """What to generate."""

    number: int | None = None
    """How many images, of the classes in the shares that the training images have; 64 where nothing else is said."""
    number_per_class: int | None = None
    """How many images of every class, in place of --number."""
    class_name: Annotated[str, tyro.conf.arg(name="class")] = ""
    """Generate this class alone."""
    seed: int = 0
    """Image i depends on the seed, i and its class alone."""
    truncation: float = 1.0
    """Middle share of the noise's distribution that is used: below 1, images get more typical and less diverse."""
    format: Literal["png", "npz", "nifti"] = "png"
    """png: a file per image, 8 or 16 bits; npz: one file laid out as MedMNIST's; nifti: one stack, .nii.gz."""
    interpolate: int | None = None
    """Also draws pictures of this many steps from one noise vector to another, and of every class from one vector."""
    reject_copies: bool = False
    """Replaces images that are nearer to a training image than 99 % of held-out real images are."""
    min_label_confidence: float | None = None
    """Replaces images to whose class --classifier gives a lower probability; between 0 and 1."""
    classifier: Path | None = None
    """Folder of the classifier that judges; one of the same classes, trained by `ganoscope classify`."""
    store: Path | None = None
    """The store that the run was trained on, where it is no longer at the place that the run notes."""
    batch_size: int = 64
    """Images held in memory at once; has no effect on the images."""
    checkpoint: int | None = None
    """Images seen at the checkpoint to use; the newest where it is not given."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        """Checks every value."""
        refuse([*self.list_range_faults(), *self.list_contradictions()])

    def list_range_faults(self) -> list[str]:
        """Returns which values are impossible."""
        counts = {
            "number": self.number,
            "number-per-class": self.number_per_class,
            "batch-size": self.batch_size,
        }
        faults = [
            describe(f"--{name} is too small", value, "1 or more", "").rstrip()
            for name, value in counts.items()
            if value is not None and value < 1
        ]
        if self.seed < 0:
            faults.append(describe("--seed is negative", self.seed, "0 or more", "").rstrip())
        if not 0 < self.truncation <= 1:
            faults.append(
                describe("--truncation is out of range", self.truncation, "above 0, up to 1", "1 truncates nothing.")
            )
        if self.interpolate is not None and not 2 <= self.interpolate <= MOST_STEPS:
            faults.append(
                describe("--interpolate is out of range", self.interpolate, f"2 to {MOST_STEPS} steps", "8 is usual.")
            )
        confidence = self.min_label_confidence
        if confidence is not None and not 0 < confidence < 1:
            remedy = "0.8 asks for clear cases."
            faults.append(describe("--min-label-confidence is out of range", confidence, "between 0 and 1", remedy))
        return faults

    def list_contradictions(self) -> list[str]:
        """Returns which options exclude or lack each other."""
        faults = []
        if self.number is not None and self.number_per_class is not None:
            given = f"{self.number} and {self.number_per_class}"
            faults.append(describe("--number and --number-per-class exclude each other", given, "one of them", ""))
        if self.class_name and self.number_per_class is not None:
            faults.append(
                describe(
                    "--class and --number-per-class exclude each other",
                    f"{self.class_name} and {self.number_per_class}",
                    "one of them",
                    f"Say --class {self.class_name} --number {self.number_per_class}.",
                )
            )
        if (self.min_label_confidence is None) != (self.classifier is None):
            given = "--classifier alone" if self.classifier else "--min-label-confidence alone"
            faults.append(describe("--min-label-confidence and --classifier need each other", given, "both", ""))
        return [fault.rstrip() for fault in faults]
