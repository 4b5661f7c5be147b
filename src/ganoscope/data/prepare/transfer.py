"""What a decoded picture becomes before it travels from a worker to the process that writes: small, and plain."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.geometry.placement import Placement
from ganoscope.data.layouts import SourceImage
from ganoscope.data.layouts.folders import read_folder_names
from ganoscope.data.picture import Picture, Unit
from ganoscope.data.store.intensity import DTYPE_OF_UNIT

PRIVATE_COLUMNS = ("number", "name", "person", "check", "together", "taken_from", "synthetic")
"""What the unfinished store knows beyond the manifest: names and ids stay in it and are removed with it."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture at the store's size, or the reason why a file is not taken.

    Attributes:
        number: Of the source file.
        name: Its path relative to the source; kept out of the store.
        image: The entry that it comes from.
        picture: What is known about it; its pixels are the small ones.
        shape: Height and width of the source picture.
        placement: Where its pixels lie in the store.
        thumbnail: For the search for near-duplicates.
        mask: Annotated finding in the store's square.
        searched: Whether burnt-in text and markers were looked for.
        markers: Those that were seen, boxes in store pixels.
        raw_range: Raw values at the ends of 16 bits, where it was scaled.
        digest: SHA-256 of the source file.
        patient: Patient id.
        reason: Why it is not taken; "" where it is.
    """

    number: int
    name: str
    image: SourceImage
    picture: Picture | None = None
    shape: tuple[int, int] = (0, 0)
    placement: Placement | None = None
    thumbnail: NDArray[np.float16] | None = None
    mask: NDArray[np.bool_] | None = None
    searched: bool = False
    markers: tuple[tuple[float, float, float, float], ...] = ()
    raw_range: tuple[float, float] | None = None
    digest: str = ""
    patient: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One picture, ready to be written, or the reason why a file is not taken.

    Arrays travel as their bytes: joblib looks at each array that passes, and that takes longer than to write it.

    Attributes:
        values: By column of the manifest, as far as they are known before grouping, and by private column.
        unit: What pixels mean.
        pixels: In the store's square, of the type that its unit has there.
        thumbnail: For the search for near-duplicates, folded, float16.
        mask: Annotated finding in the store's square, one byte a pixel; empty where there is none.
        reason: Why it is not taken; "" where it is.
    """

    values: dict[str, Any]
    unit: Unit = "signal"
    pixels: bytes = b""
    thumbnail: bytes = b""
    mask: bytes = b""
    reason: str = ""


def make_row(item: Decoded, together: bool = True) -> Row:
    """Returns what travels of a picture; `together` where all pictures of its file are of one patient."""
    values = {**describe(item), **describe_privately(item, together)}
    if item.picture is None or item.thumbnail is None:
        return Row(values, reason=item.reason)
    pixels = item.picture.pixels.astype(DTYPE_OF_UNIT[item.picture.unit], copy=False)
    mask = b"" if item.mask is None else item.mask.tobytes()
    return Row(values, item.picture.unit, pixels.tobytes(), item.thumbnail.tobytes(), mask)


def describe(item: Decoded) -> dict[str, Any]:
    """Returns what the manifest says about a picture, as far as it is known before grouping."""
    picture, image = item.picture, item.image
    if picture is None or item.placement is None:
        return {}
    boxes = [item.placement.to_store(box) for box in image.boxes]
    low, high = item.raw_range or ("", "")
    return {
        "label": image.label or picture.label,
        "source": f"file-{item.number:07d}",
        "source_split": image.split or picture.split,
        "source_sha256": item.digest,
        "height_px": item.shape[0],
        "width_px": item.shape[1],
        "spacing_mm": " x ".join(f"{side:.6g}" for side in picture.spacing_mm or ()),
        "coloured": int(picture.coloured),
        "frame": picture.frame,
        "modality": picture.modality,
        "view": picture.view,
        "position_mm": "" if picture.position_mm is None else f"{picture.position_mm:.6g}",
        "thickness_mm": "" if picture.thickness_mm is None else f"{picture.thickness_mm:.6g}",
        "searched": int(item.searched),
        "markers": write_boxes(item.markers),
        "placement": str(item.placement),
        "boxes": write_boxes(boxes),
        "annotated": int(item.mask is not None),
        "raw_low": low if low == "" else f"{low:.9g}",
        "raw_high": high if high == "" else f"{high:.9g}",
    }


def describe_privately(item: Decoded, together: bool) -> dict[str, Any]:
    """Returns what only the unfinished store knows about a picture: names and ids."""
    image = item.image
    parts = tuple(image.name.split("/")[:-1])
    _, label = read_folder_names(parts)
    return {
        "number": item.number,
        "name": item.name,
        "person": item.patient,
        "check": item.picture.patient_check if item.picture else "",
        "together": int(together),
        "synthetic": int(item.picture is not None and item.picture.synthetic),
        "taken_from": "/".join(part for part in parts if part not in (label, image.label)),
    }


def write_boxes(boxes: Any) -> str:
    """Returns boxes (x, y, width, height) as the manifest has them.

    Example:
        >>> write_boxes([(1.0, 2.0, 3.25, 4.0), (0, 0, 1, 1)])
        '1 2 3.25 4; 0 0 1 1'
    """
    return "; ".join(" ".join(f"{value:.5g}" for value in box) for box in boxes)
