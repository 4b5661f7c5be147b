"""RSNA Pneumonia Detection Challenge as downloaded: DICOM folders, and CSV files with a row per box.

`stage_2_train_images/<patientId>.dcm`, `stage_2_train_labels.csv` (patientId,x,y,width,height,Target; boxes in pixels,
empty for Target 0) and `stage_2_detailed_class_info.csv` (patientId,class; optional). There is one entry per
image, with all its boxes. Labels are `lung_opacity` (class "Lung Opacity", Target 1) and `other` (everything else). The
patient is the patientId; modality and view are in the DICOM headers. The images in `stage_2_test_images` have no
labels and are skipped; without the label file nothing is read.

Source: Shih et al., Radiology: Artificial Intelligence 1 (2019), https://doi.org/10.1148/ryai.2019180041;
https://www.kaggle.com/c/rsna-pneumonia-detection-challenge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ganoscope.data.layouts.manifest import NO_IMAGE, NO_ROW
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import Box, SourceImage
from ganoscope.data.source.walk import Found, walk_files
from ganoscope.data.tables.gathered_rows import CONFLICT
from ganoscope.data.tables.table_rows import VIEWS, read_modality
from ganoscope.data.tables.text_table import Table, open_table, parse_number, read_rows, require_columns
from ganoscope.errors import UserError
from ganoscope.files import escape_unprintable

RANK = 3

IMAGES = "stage_2_train_images"
LABELS = "stage_2_train_labels.csv"
CLASSES = "stage_2_detailed_class_info.csv"

POSITIVE, NEGATIVE = "lung_opacity", "other"
LABEL_OF_TARGET = {1.0: POSITIVE, 0.0: NEGATIVE}
LABEL_OF_CLASS = {"lung opacity": POSITIVE, "no lung opacity / not normal": NEGATIVE, "normal": NEGATIVE}
BOX_COLUMNS = ("x", "y", "width", "height")
TWICE = "a second image file of one id"


@dataclass(frozen=True, slots=True)
class Finding:
    """All rows of one image.

    Attributes:
        labels: All labels in the rows; a single one if they agree.
        boxes: Boxes in the order of the rows.
        details: Values of other columns that all rows must share, such as the view.
        faults: Faults of the rows.
    """

    labels: frozenset[str] = frozenset()
    boxes: tuple[Box, ...] = ()
    details: frozenset[tuple[str, str]] = frozenset()
    faults: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """Reason why the image can't be used, or ""."""
        names = [name for name, _ in self.details]
        if len(self.labels) > 1 or len(set(names)) < len(names):
            return CONFLICT
        positive = POSITIVE in self.labels
        if bool(self.boxes) != positive and not self.faults:
            return "Target 1 without a box" if positive else "a box with Target 0"
        return "; ".join(dict.fromkeys(self.faults))

    @property
    def label(self) -> str:
        """Label if the rows agree, else ""."""
        return next(iter(self.labels)) if len(self.labels) == 1 else ""


def matches(source: Path) -> bool:
    """Recognises folders with the training images of the challenge: others may be of another size than its boxes."""
    return (source / IMAGES).is_dir()


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields the training images, then the ids without an image.

    Raises:
        UserError: The label file is missing or lacks columns.
    """
    if not (source / LABELS).is_file():
        raise UserError(f"{source} holds images without labels: {LABELS} is missing. Put it beside {IMAGES}.")
    findings = read_findings(source / LABELS, ("patientId", *BOX_COLUMNS, "Target"))
    if (source / CLASSES).is_file():
        add_classes(findings, source / CLASSES)
    yield from join(source, IMAGES, findings, SourceImage((), ""))


def read_findings(path: Path, needed: tuple[str, ...], details: tuple[str, ...] = ()) -> dict[str, Finding]:
    """Returns the findings in a CSV with one row per box, by image id.

    Args:
        path: CSV file.
        needed: Required columns.
        details: Optional columns whose values are kept; they must not differ within one image.

    Raises:
        UserError: The CSV is not a valid table, or columns are missing.
    """
    table = open_table(path)
    require_columns(table, needed)
    kept = [name for name in details if name in table.keys]
    findings: dict[str, Finding] = {}
    for row in read_rows(table):
        finding = findings.get(row["patientid"], Finding())
        label, boxes, faults = read_row(row, table)
        findings[row["patientid"]] = Finding(
            finding.labels | label,
            finding.boxes + tuple(box for box in boxes if box not in finding.boxes),
            finding.details | {(name, row[name]) for name in kept},
            finding.faults + faults,
        )
    return findings


def read_row(row: Mapping[str, str], table: Table) -> tuple[set[str], tuple[Box, ...], tuple[str, ...]]:
    """Returns the labels, the box and the faults of one row; Target and class each give a label if present."""
    faults = []
    target = LABEL_OF_TARGET.get(number) if (number := parse_number(row.get("target", ""), table)) is not None else None
    named = LABEL_OF_CLASS.get(row.get("class", "").lower())
    if "target" in row and target is None:
        faults.append("an unknown Target; allowed: 0 and 1")
    if "class" in row and named is None:
        faults.append(f"an unknown class; allowed: {', '.join(LABEL_OF_CLASS)}")
    texts = [row.get(name, "") for name in BOX_COLUMNS]
    box = make_box([parse_number(text, table) for text in texts])
    if any(texts) and box is None:
        faults.append("a box that is not four numbers with a positive width and height")
    return {label for label in (target, named) if label}, (box,) if box else (), tuple(faults)


def make_box(numbers: list[float | None]) -> Box | None:
    """Returns x, y, width and height as a box; None if one is missing, or a side is not positive."""
    known = [number for number in numbers if number is not None]
    return (known[0], known[1], known[2], known[3]) if len(known) == 4 and min(known[2:]) > 0 else None


def add_classes(findings: dict[str, Finding], path: Path) -> None:
    """Adds the labels of the class file, so that contradictions are found.

    Raises:
        UserError: The file is not a valid table, or columns are missing.
    """
    table = open_table(path)
    require_columns(table, ("patientId", "class"))
    for row in read_rows(table):
        label, _, faults = read_row({"class": row["class"]}, table)
        known = findings.get(row["patientid"], Finding(faults=("a class without a row in the labels' file",)))
        findings[row["patientid"]] = replace(known, labels=known.labels | label, faults=known.faults + faults)


def join(
    source: Path, folder: str, findings: Mapping[str, Finding], pattern: SourceImage, masks: Mapping[str, Found] = {}
) -> Iterator[SourceImage]:
    """Yields the images of a folder with their findings, then the ids without an image.

    Args:
        source: Source folder.
        folder: Folder of the images in it; the stem of a file name is the id.
        findings: Findings by id.
        pattern: Values common to all entries.
        masks: Mask files by id.
    """
    seen: set[str] = set()
    files = walk_files(source, folder) if (source / folder).is_dir() else ()
    for found in files:
        key = found.path.stem
        finding, mask = findings.get(key), masks.get(key)
        fault = found.fault or (TWICE if key in seen else NO_ROW if finding is None else finding.fault)
        if mask and mask.fault:
            fault = fault or f"its mask can't be taken: {mask.fault}"
        seen.add(key)
        entry = describe(finding or Finding(), pattern)
        taken = (mask.path,) if mask else ()
        yield replace(entry, paths=(found.path,), name=found.name, patient=key, mask=taken, fault=fault)
    for key in findings:
        if key not in seen:
            name = escape_unprintable(f"{folder}/{key}")
            yield replace(pattern, paths=(source / folder,), name=name, fault=NO_IMAGE)


def describe(finding: Finding, pattern: SourceImage) -> SourceImage:
    """Returns an entry with the label, boxes, view and modality of a finding."""
    details = dict(finding.details)
    return replace(
        pattern,
        label=finding.label,
        boxes=finding.boxes,
        view=VIEWS.get(details.get("position", "").lower(), details.get("position", "")),
        modality=read_modality(details.get("modality", "")),
    )
