"""Writes the images of a case: counterfactual, difference and reconstruction, in the source's geometry and units."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.counterfactuals.cases.case import Case
from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.data import writers
from ganoscope.data.affines import Affine, find_affine
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.picture import ReadOptions
from ganoscope.data.writers import DIFFERENCE_OFFSET, TRANSLATED, Output

FOLDER = "images"


def save_images(folder: Path, setting: Setting, batch: Translated, index: int) -> dict[str, str]:
    """Writes counterfactual, difference and, where there is one, reconstruction of one image.

    Args:
        folder: Folder of all results.
        setting: Run and geometry.
        batch: The translated cases.
        index: Which of them.

    Returns:
        Names of the files relative to the folder, by kind.
    """
    case, run, written, returned = (
        batch.cases[index],
        setting.translator.run,
        batch.written[index],
        batch.returned[index],
    )
    notes = {
        "method": run.record.method,
        "images_seen": run.images_seen,
        "weights_sha256": run.weights_sha256,
        "target": str(batch.pairs.target[index]),
    }
    writer = writers.load(case.form)
    affine = find_affine(case.path, case.source, get_plane(setting.geometry)) if writer.PLACED else None
    outputs = {
        "counterfactual": make_output(written, case, affine, notes),
        "difference": make_difference(written, case, affine, notes),
    }
    if returned is not None:
        outputs["reconstruction"] = make_output(returned, case, affine, notes)
    names = {kind: f"{FOLDER}/{case.name}_{kind}{writer.SUFFIX}" for kind in outputs}
    for kind, output in outputs.items():
        writer.save_picture(folder / names[kind], output)
    return names


def make_output(pixels: NDArray[np.generic], case: Case, affine: Affine | None, notes: Mapping[str, object]) -> Output:
    """Returns pixels as writers take them.

    Args:
        pixels: In the source's geometry, unit and type, shape (H, W).
        case: The image.
        affine: Place of the source in the patient; None where unknown.
        notes: Facts for formats that hold text.
    """
    source = case.source
    offset = case.hu_offset if source.unit == "HU" else None
    return Output(pixels, source.unit, TRANSLATED, notes, offset, source.spacing_mm, source.thickness_mm, affine)


def make_difference(
    pixels: NDArray[np.generic], case: Case, affine: Affine | None, notes: Mapping[str, object]
) -> Output:
    """Returns pixels minus the source's as writers take them: int32, or float32 where the source is.

    Args:
        pixels: In the source's geometry, unit and type, shape (H, W).
        case: The image.
        affine: Place of the source in the patient; None where unknown.
        notes: Facts for formats that hold text.
    """
    source = case.source
    if source.pixels.dtype.kind == "f":
        difference: NDArray[np.generic] = pixels.astype(np.float64) - source.pixels.astype(np.float64)
        difference = difference.astype(np.float32)
    else:
        difference = pixels.astype(np.int32) - source.pixels.astype(np.int32)
    unit, offset = source.unit, DIFFERENCE_OFFSET
    return Output(difference, unit, TRANSLATED, notes, offset, source.spacing_mm, source.thickness_mm, affine)


def get_plane(geometry: GeometryConfig) -> str:
    """Returns the plane in which volumes are cut; `axial` for images of a store, which are not cut."""
    return geometry.plane if isinstance(geometry, ReadOptions) else "axial"
