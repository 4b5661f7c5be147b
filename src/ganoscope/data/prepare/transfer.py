"""Converts decoded pictures into small plain rows that are sent from a worker process to the one that writes."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.geometry.placement import Placement
from ganoscope.data.levels.looks import look_at
from ganoscope.data.picture import Picture, Unit
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.store.intensity import DTYPE_OF_UNIT

PRIVATE_COLUMNS = (
    "number",
    "name",
    "person",
    "check",
    "shared_ids",
    "kin",
    "taken_from",
    "synthetic",
    "origin",
    "uid",
    "stated_split",
    "padded_px",
    "clipped_px",
    "region",
    "like_hu",
)
"""Columns of the unfinished store that are not in the manifest; names and ids among them are removed with it."""

Origin = Literal["pattern", "source", "header"]
"""Where a patient id comes from: the user's pattern, folders, names or tables of the source, or the file's header."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One picture at the size of the store, or the reason for its rejection.

    Attributes:
        number: Number of the source file.
        name: Path of the source file relative to the source; never part of the store.
        image: Entry that the picture comes from.
        picture: Pixels at the size of the store, and metadata.
        shape: Height and width of the source picture.
        labels: Whether the values of the picture look like those of a label map; None if it was rejected.
        placement: Placement of the source picture in the store.
        thumbnail: Folded thumbnail for the search for near-duplicates.
        mask: Mask of the annotated findings, shape (size, size).
        anatomy: Mask of the outlined anatomy, shape (size, size).
        searched: Whether the picture was searched for burnt-in text and markers.
        markers: Markers found, as boxes in store pixels.
        raw_range: Raw values mapped to 0 and 65535, if the picture was scaled.
        digest: SHA-256 of the source file.
        patient: Patient id.
        origin: Where the patient id comes from.
        stated_split: Split that the source states, even if it is to be ignored.
        region: Region of the body; "" if unknown.
        like_hu: Offset of what looks like undeclared HU; None if nothing does.
        reason: Reason for the rejection; "" if the picture was accepted.
    """

    number: int
    name: str
    image: SourceImage
    picture: Picture | None = None
    shape: tuple[int, int] = (0, 0)
    labels: bool | None = None
    placement: Placement | None = None
    thumbnail: NDArray[np.float16] | None = None
    mask: NDArray[np.bool_] | None = None
    anatomy: NDArray[np.bool_] | None = None
    searched: bool = False
    markers: tuple[tuple[float, float, float, float], ...] = ()
    raw_range: tuple[float, float] | None = None
    digest: str = ""
    patient: str = ""
    region: str = ""
    like_hu: int | None = None
    origin: Origin = "source"
    stated_split: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One picture, ready to be written, or the reason for its rejection.

    Arrays are sent as bytes: joblib inspects every array, which takes longer than writing it.

    Attributes:
        values: Values by manifest column, as far as known before grouping, and by private column.
        unit: Unit of the pixels.
        pixels: Bytes of the pixels, (size, size), in the data type that the unit has in the store.
        thumbnail: Bytes of the folded thumbnail, float16.
        mask: Bytes of the mask of the annotated findings, (size, size), one per pixel; empty if there is none.
        anatomy: The same of the outlined anatomy.
        reason: Reason for the rejection; "" if the picture was accepted.
    """

    values: dict[str, Any]
    unit: Unit = "signal"
    pixels: bytes = b""
    thumbnail: bytes = b""
    mask: bytes = b""
    anatomy: bytes = b""
    reason: str = ""


def make_row(item: Decoded, kin: str = "") -> Row:
    """Returns the row of a picture; pictures of the same `kin` show one patient, "" is no kin of any other."""
    values = {**describe(item), **describe_privately(item, kin), "stack": item.picture.stack if item.picture else 0}
    if item.picture is None or item.thumbnail is None:
        return Row(values, reason=item.reason)
    pixels = item.picture.pixels.astype(DTYPE_OF_UNIT[item.picture.unit], copy=False)
    mask, anatomy = (b"" if mask is None else mask.tobytes() for mask in (item.mask, item.anatomy))
    return Row(values, item.picture.unit, pixels.tobytes(), item.thumbnail.tobytes(), mask, anatomy)


def describe(item: Decoded) -> dict[str, Any]:
    """Returns the manifest values of a picture, as far as known before grouping."""
    picture, image = item.picture, item.image
    if picture is None or item.placement is None:
        return {}
    boxes = [item.placement.to_store(box) for box in image.boxes]
    low, high = item.raw_range or ("", "")
    return {
        "label": image.label or picture.label,
        "source": f"file-{item.number:07d}",
        "source_split": picture.split,
        "source_sha256": item.digest,
        "height_px": item.shape[0],
        "width_px": item.shape[1],
        "spacing_mm": " x ".join(f"{side:.6g}" for side in picture.spacing_mm or ()),
        "coloured": picture.coloured,
        "frame": picture.frame,
        "modality": picture.modality,
        "view": picture.view,
        "position_mm": "" if picture.position_mm is None else f"{picture.position_mm:.6g}",
        "thickness_mm": "" if picture.thickness_mm is None else f"{picture.thickness_mm:.6g}",
        "searched": item.searched,
        "markers": write_boxes(item.markers),
        "placement": str(item.placement),
        "boxes": write_boxes(boxes),
        "annotated": item.mask is not None,
        "anatomy": item.anatomy is not None,
        "raw_low": low if low == "" else f"{low:.9g}",
        "raw_high": high if high == "" else f"{high:.9g}",
    }


def describe_privately(item: Decoded, kin: str) -> dict[str, Any]:
    """Returns the values of a picture that only the unfinished store holds, such as names and ids."""
    image = item.image
    parts = tuple(image.name.split("/")[:-1])
    return {
        "number": item.number,
        "name": item.name,
        "person": item.patient,
        "check": find_check(item),
        "shared_ids": " ".join(item.picture.shared_ids) if item.picture and any(item.picture.shared_ids) else "",
        "kin": kin,
        "synthetic": int(item.picture is not None and item.picture.synthetic),
        "origin": item.origin,
        "stated_split": item.stated_split,
        "padded_px": item.picture.padded_px if item.picture else 0,
        "clipped_px": item.picture.clipped_px if item.picture else 0,
        "region": item.region,
        "like_hu": "" if item.like_hu is None else item.like_hu,
        "uid": int(item.picture is not None and item.picture.patient_is_uid),
        "taken_from": "/".join(part for part in parts if tells_origin(part, image.label)),
    }


def find_check(item: Decoded) -> str:
    """Returns the digest about the person, if it belongs to the patient id: a series may bear that of another file."""
    if item.picture is None or (item.origin == "source" and item.picture.patient not in ("", item.patient)):
        return ""
    return item.picture.patient_check


def tells_origin(folder: str, label: str) -> bool:
    """Tells whether the name of a folder may say where an image comes from: not a class, a patient or a study."""
    look = look_at(folder)
    known = look.kind in ("id", "number", "numbered", "patient", "study", "series")
    return not known and not (label and label in (folder, look.name))


def write_boxes(boxes: Any) -> str:
    """Returns boxes (x, y, width, height) in the notation of the manifest.

    Example:
        >>> write_boxes([(1.0, 2.0, 3.25, 4.0), (0, 0, 1, 1)])
        '1 2 3.25 4; 0 0 1 1'
    """
    return "; ".join(" ".join(f"{value:.5g}" for value in box) for box in boxes)
