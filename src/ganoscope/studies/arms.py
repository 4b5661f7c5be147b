"""The arms of a study: what each adds to the real training images, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Source = Literal["", "generated", "filtered", "external", "duplicates"]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes:
        name: Name on the command line and in tables.
        about: One line for help and reports.
        source: Where its added images come from; "" adds none.
        augment: Augmentation of the training images, as in `ClassifyConfig`.
        real: Whether it also trains on real images.
        by_schedule: Whether the share of added images follows `--schedule`; otherwise it is constant.
        shuffled: Whether the labels of its added images are shuffled.
        control: Whether it shows what the study can tell, rather than what synthetic images are worth.
    """

    name: str
    about: str
    source: Source = ""
    augment: Literal["none", "safe"] = "none"
    real: bool = True
    by_schedule: bool = False
    shuffled: bool = False
    control: bool = False


BASELINE = "baseline"
LIST = (
    Arm(BASELINE, "real images alone, not augmented"),
    Arm("augmented", "all synthetic images added", "generated"),
    Arm("curriculum", "synthetic images added by --schedule", "generated", by_schedule=True),
    Arm("classical", "real images with slight shifts and rotations", augment="safe"),
    Arm("classical_synthetic", "classical augmentation, and all synthetic images added", "generated", augment="safe"),
    Arm("duplicated", "as many real images repeated as `augmented` adds", "duplicates", control=True),
    Arm(
        "synthetic_only",
        "no real image, and as many synthetic ones, at most --number",
        "generated",
        real=False,
    ),
    Arm(
        "filtered",
        "synthetic images that pass the screening of `generate`; as many, if enough pass",
        "filtered",
    ),
    Arm("shuffled_labels", "synthetic images with shuffled labels", "generated", shuffled=True, control=True),
    Arm("external", "images of another tool (--synthetic)", "external"),
)
ARMS: Mapping[str, Arm] = MappingProxyType({arm.name: arm for arm in LIST})
"""All arms by name."""
