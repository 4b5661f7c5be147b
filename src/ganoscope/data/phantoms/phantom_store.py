"""Images and manifest of a store of phantoms: patients, classes and splits, as in any other store."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np

from ganoscope.data.phantoms import VIEWS, Phantom
from ganoscope.data.store import COLUMNS, Sample, StoreWriter
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.splits import Fractions, make_splits
from ganoscope.errors import UserError
from ganoscope.files import remove
from ganoscope.files.field_types import fit_fields
from ganoscope.files.tables import save_csv
from ganoscope.progress import ProgressBar

INTENSITY = {
    "ct": IntensityMap(-1024.0, 1500.0, "HU", "int16"),
    "cxr": IntensityMap(0.0, 255.0, "grey 8 bit", "uint8"),
    "mri": IntensityMap(0.0, 255.0, "grey 8 bit", "uint8"),
}


MODALITY = {"ct": "CT", "cxr": "DX", "mri": "MR"}


@dataclass(frozen=True)
class PhantomConfig:
    """Which phantoms to draw."""

    modality: Literal["ct", "cxr", "mri"] = "mri"
    """Images to draw: ct (chest slices in HU), cxr (frontal chest radiographs) or mri (brain slices)."""
    number: int = 2000
    """Number of images; every patient has several slices or radiographs."""
    size: int = 64
    """Height and width of the images in pixels, 32 to 512."""
    seed: int = 0
    """Random seed of anatomy, lesions, noise and splits."""
    shortcut: bool = False
    """Burn a marker into most diseased and few healthy images, as a shortcut that a classifier can learn."""

    def __post_init__(self) -> None:
        """Checks that every split can get a patient.

        Raises:
            UserError: There are too few images.
        """
        fit_fields(self)
        fewest = 3 * VIEWS[self.modality]
        if self.number < fewest:
            raise UserError(
                f"--number is too small: got {self.number}; allowed: {fewest} or more (a patient per split)."
            )


def describe_phantom(phantom: Phantom, index: int, config: PhantomConfig) -> str:
    """Returns the description of a phantom, in place of a source file name: everything needed to draw it again.

    Args:
        phantom: Phantom.
        index: Position in the population.
        config: Which phantoms are drawn.
    """
    return f"{config.modality}/seed-{config.seed}/{index:06d}-view-{phantom.view}"


def draw_phantoms(phantoms: Iterable[Phantom], writer: StoreWriter, config: PhantomConfig) -> list[str]:
    """Appends phantoms to a store, writes their provisional rows to `rows.csv`, and returns their labels.

    Args:
        phantoms: Phantoms to draw, in order.
        writer: Pixel writer of the unfinished store.
        config: Which phantoms they are.
    """
    labels: list[str] = []
    with (
        ProgressBar(f"drawing {config.modality} phantoms", config.number) as bar,
        (writer.path / "rows.csv").open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        for index, drawn in enumerate(phantoms):
            writer.append(drawn.pixels, drawn.mask)
            rows.writerow((drawn.patient, drawn.label, describe_phantom(drawn, index, config)))
            labels.append(drawn.label)
            bar.advance(1)
    return labels


def write_manifest(folder: Path, config: PhantomConfig, labels: list[str]) -> None:
    """Converts the provisional rows into the manifest, with splits.

    Args:
        folder: Unfinished store.
        config: Which phantoms were drawn.
        labels: Label of every image.
    """
    patients = np.arange(config.number, dtype=np.int32) // VIEWS[config.modality]
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    none = np.full(config.number, "", np.str_)
    splits = make_splits(patients, codes, none, Fractions(), config.seed)
    with (folder / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = (
            asdict(make_sample(index, row, str(splits[index]), config)) for index, row in enumerate(csv.reader(file))
        )
        save_csv(folder / "manifest.csv", COLUMNS, rows)
    remove(folder / "rows.csv")


def make_sample(index: int, row: list[str], split: str, config: PhantomConfig) -> Sample:
    """Returns the manifest row of one phantom; its "source file" is its description.

    Args:
        index: Position in the population.
        row: Provisional row: patient, label, description.
        split: Split of the image.
        config: Which phantoms were drawn.
    """
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
        annotated=True,
    )
