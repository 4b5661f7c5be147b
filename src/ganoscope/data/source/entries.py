"""Entries found in a source by a layout: a file, or the files of one series, with what is known of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Box = tuple[float, float, float, float]
"""x, y (top-left corner), width and height in pixels of the source picture."""


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One entry found by a layout: a file, or the files of one series.

    Attributes:
        paths: The file, or the slices of one series ordered by position.
        name: Path of the first file relative to the source, with forward slashes; never part of the store.
        label: Class; "" if the layout has none.
        split: `train`, `validation` or `test`; "" if the source has no splits.
        patient: Patient id; "" if the layout does not state it.
        boxes: Annotated findings.
        mask: Pictures of annotated findings; nonzero pixels of any belong to one. Sizes may differ from the image's:
            COVID-19 Radiography has masks of 256 px beside films of 299 px.
        modality: DICOM code; "" if the layout does not state it.
        view: Radiographic view; "" if the layout does not state it.
        kin: Key of the series that the entry belongs to: slices with the same key show the same patient; "" if unknown.
        order: What orders the slices: `position`, `SliceLocation`, `InstanceNumber`, or "" where nothing does.
        told_by: Attributes that tell the volume apart from others of its series; "" if there are no others.
        fault: Reason why the entry can't be used, such as a label without an image; "" if there is none so far. It
            becomes part of the store and must not hold names.
        anatomy: Pictures of outlined anatomy, such as lung fields; no finding. As `mask` otherwise.
        broader: Class that the folders state, where `label` is a part of it: pneumonia above bacteria and virus.
    """

    paths: tuple[Path, ...]
    name: str
    label: str = ""
    split: str = ""
    patient: str = ""
    boxes: tuple[Box, ...] = ()
    mask: tuple[Path, ...] = ()
    modality: str = ""
    view: str = ""
    kin: str = ""
    order: str = "position"
    told_by: str = ""
    fault: str = ""
    anatomy: tuple[Path, ...] = ()
    broader: str = ""

    @property
    def path(self) -> Path:
        """The (first) file."""
        return self.paths[0]


@dataclass(frozen=True)
class Listed:
    """The entries of a source, with what was understood of its folders.

    Attributes:
        images: The entries in a stable order; they can be iterated once.
        lines: Lines for the terminal; they hold names of folders, and are never stored.
        patient_levels: What could be stated with `--levels` to name the patients; None if the layout does not look.
    """

    images: Iterable[SourceImage]
    lines: Sequence[str] = ()
    patient_levels: Sequence[str] | None = None

    def __iter__(self) -> Iterator[SourceImage]:
        """Iterates over the entries."""
        return iter(self.images)
