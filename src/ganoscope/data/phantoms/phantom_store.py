"""The manifest of a store of phantoms: patients, classes and splits, like that of any other store."""

import csv
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from ganoscope.data.phantoms import VIEWS, Phantom
from ganoscope.data.store import COLUMNS, Sample
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.splits import Fractions, make_splits
from ganoscope.errors import UserError
from ganoscope.files import save_csv

INTENSITY = {
    "ct": IntensityMap(-1024.0, 1500.0, "HU", "int16"),
    "cxr": IntensityMap(0.0, 255.0, "grey 8 bit", "uint8"),
    "mri": IntensityMap(0.0, 255.0, "grey 8 bit", "uint8"),
}


MODALITY = {"ct": "CT", "cxr": "DX", "mri": "MR"}


@dataclass(frozen=True)
class PhantomConfig:
    """Which phantoms to make."""

    modality: Literal["ct", "cxr", "mri"] = "mri"
    """ct: chest slices in HU; cxr: frontal chest radiographs; mri: brain slices."""
    number: int = 2000
    """How many images; every patient has several slices or films."""
    size: int = 64
    """Side of the square images in pixels, 32 to 512."""
    seed: int = 0
    """Of anatomy, lesions, noise and splits."""
    shortcut: bool = False
    """Burns a marker into most diseased and few healthy images: a planted shortcut for a classifier to fall for."""

    def __post_init__(self) -> None:
        """Checks that every split can have a patient."""
        fewest = 3 * VIEWS[self.modality]
        if self.number < fewest:
            raise UserError(
                f"--number is too small: got {self.number}; allowed: {fewest} or more: each split needs a patient."
            )


def describe_phantom(phantom: Phantom, index: int, config: PhantomConfig) -> str:
    """Returns what stands in for a source file's name: everything needed to draw the phantom again."""
    return f"{config.modality}/seed-{config.seed}/{index:06d}-view-{phantom.view}"


def write_manifest(folder: Path, config: PhantomConfig, labels: list[str]) -> None:
    """Turns the provisional rows into the manifest, splits included."""
    patients = np.arange(config.number, dtype=np.int32) // VIEWS[config.modality]
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    none = np.full(config.number, "", np.str_)
    splits = make_splits(patients, codes, none, Fractions(), config.seed)
    with (folder / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = (
            asdict(make_sample(index, row, str(splits[index]), config)) for index, row in enumerate(csv.reader(file))
        )
        save_csv(folder / "manifest.csv", COLUMNS, rows)
    (folder / "rows.csv").unlink()


def make_sample(index: int, row: list[str], split: str, config: PhantomConfig) -> Sample:
    """Returns the manifest row of one phantom, whose "source file" is its description."""
    patient, label, source = row
    digest = sha256(source.encode()).hexdigest()
    return Sample(
        sample_id=f"phantom-{index:06d}",
        label=label,
        patient=patient,
        group=patient,
        split=split,
        source=source,
        source_split="",
        source_sha256=digest,
        height_px=config.size,
        width_px=config.size,
        modality=MODALITY[config.modality],
        annotated=1,
    )
