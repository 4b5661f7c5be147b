"""Options of `ganoscope generate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from ganoscope.data import writers
from ganoscope.errors import UserError, describe, refuse
from ganoscope.files.field_types import fit_fields

DEFAULT_NUMBER = 64
MOST_STEPS = 32


@dataclass(frozen=True)
class GenerateConfig:
    """What to generate."""

    number: int | None = None
    """Number of images, 64 by default; classes occur as often as among the training images."""
    number_per_class: int | None = None
    """Number of images of every class, instead of --number."""
    class_name: Annotated[str, tyro.conf.arg(name="class")] = ""
    """Generate images of this class only."""
    seed: int = 0
    """Random seed; image i depends on the seed, i and its class alone."""
    truncation: float = 1.0
    """Truncation trick: central share of the noise distribution to use. Below 1, images are more typical and less
    diverse."""
    format: str = "png"
    """Output format (see the list above), or the dotted name of your own writer."""
    interpolate: int | None = None
    """Also write interpolations between noise vectors, with this many steps, and one noise vector in every class."""
    reject_copies: bool = False
    """Replace images that are nearer to a training image than 99% of held-out real images are."""
    min_label_confidence: float | None = None
    """Replace images whose class has a lower probability than this according to --classifier; between 0 and 1."""
    classifier: Path | None = None
    """Folder of a classifier of the same classes, trained by `ganoscope classify`."""
    store: Path | None = None
    """Store that the run was trained on, if it was moved."""
    batch_size: int = 64
    """Images held in memory at once; does not change the images."""
    checkpoint: int | None = None
    """Checkpoint to use, by its number of images seen; by default, the newest."""
    audit: Path | None = None
    """Folder of an audit of this run over training (`--checkpoints all` of `ganoscope audit`), for --max-leak."""
    max_leak: float | None = None
    """Take the checkpoint of --audit whose images are nearest to real ones among those without copies whose AUC of
    telling members, from the released images alone, is at most this; 0.5 is chance."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto uses a GPU if there is one."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: Values are out of range, contradict each other, or name a format that does not exist.
        """
        fit_fields(self)
        refuse([*self.list_range_faults(), *self.list_contradictions(), *self.list_format_faults()])

    def list_range_faults(self) -> list[str]:
        """Returns the faults of values that are out of range."""
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
        if self.max_leak is not None and not 0 < self.max_leak < 1:
            remedy = "0.55 is close to chance."
            faults.append(describe("--max-leak is out of range", self.max_leak, "between 0 and 1", remedy))
        confidence = self.min_label_confidence
        if confidence is not None and not 0 < confidence < 1:
            remedy = "0.8 keeps clear cases only."
            faults.append(describe("--min-label-confidence is out of range", confidence, "between 0 and 1", remedy))
        return faults

    def list_contradictions(self) -> list[str]:
        """Returns the faults of options that exclude or need each other."""
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
                    f"Use --class {self.class_name} --number {self.number_per_class}.",
                )
            )
        if (self.min_label_confidence is None) != (self.classifier is None):
            given = "--classifier alone" if self.classifier else "--min-label-confidence alone"
            faults.append(describe("--min-label-confidence and --classifier need each other", given, "both", ""))
        if (self.audit is None) != (self.max_leak is None):
            given = "--audit alone" if self.audit else "--max-leak alone"
            faults.append(describe("--max-leak and --audit need each other", given, "both", ""))
        if self.max_leak is not None and self.checkpoint is not None:
            given = f"{self.max_leak:g} and {self.checkpoint}"
            faults.append(describe("--max-leak and --checkpoint exclude each other", given, "one of them", ""))
        return [fault.rstrip() for fault in faults]

    def list_format_faults(self) -> list[str]:
        """Returns the fault of a format that does not exist."""
        try:
            writers.load(self.format)
        except UserError as error:
            return [f"--format {self.format}: {error}"]
        return []
