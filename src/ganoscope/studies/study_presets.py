"""Named studies: `ganoscope study STORE OUT --preset NAME`; every option can still be changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ganoscope.errors import UserError, describe
from ganoscope.studies.config import StudyConfig


@dataclass(frozen=True)
class StudyPreset:
    """A study's configuration.

    Attributes:
        name: Name of the preset.
        config: All options.
        about: One line for `ganoscope study --help`.
    """

    name: str
    config: StudyConfig
    about: str


LIST = (
    StudyPreset(
        "rsna-resnet50",
        StudyConfig(
            generator="pneumonia_cgan",
            arms=("baseline", "augmented", "curriculum"),
            families=("resnet50",),
            scheme="kfold",
            repeats=1,
            folds=5,
            generator_images=1_000_000,
            number=5000,
            epochs=15,
            batch_size=32,
            learning_rate=1e-3,
            unfreeze=True,
            exploratory=True,
        ),
        "system E's study of pneumonia on RSNA films, 224 px: ResNet-50, 5 folds, 15 epochs, 5,000 synthetic images",
    ),
)
PRESETS: Mapping[str, StudyPreset] = MappingProxyType({preset.name: preset for preset in LIST})
"""All presets by name."""


def find_study_preset(name: str) -> StudyPreset:
    """Returns the preset of that name.

    Raises:
        UserError: There is none.
    """
    if name not in PRESETS:
        raise UserError(describe("no such preset of a study", name, ", ".join(PRESETS), "Choose one."))
    return PRESETS[name]
