"""RSNA Pneumonia Detection Challenge as PNG files, with one CSV each for training and test images.

`Training/Images/<patientId>.png`, `Training/Masks/<patientId>.png` (optional), `Test/<patientId>.png`;
`stage2_train_metadata.csv` (patientId,x,y,width,height,Target,class,age,sex,modality,position; a row per box) and
`stage2_test_metadata.csv` (patientId,PredictionString). There is one entry per image, with all its boxes. Labels are
`lung_opacity` and `other`, as in `rsna_challenge`; age and sex are not read.

The test file is usually a placeholder: if every PredictionString is the same, it holds no labels, and each test image
is listed with that reason instead of being read. Only if it holds real boxes ("confidence x y width height ..." or
"x y width height ...") the training images are the split `train` and the test images `test`.

Source: file formats as read by public code; no publication of this form of the data set is known.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ganoscope.data.layouts.rsna_challenge import (
    BOX_COLUMNS,
    NEGATIVE,
    POSITIVE,
    Finding,
    join,
    make_box,
    read_findings,
)
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import Box, SourceImage
from ganoscope.data.source.walk import walk_files
from ganoscope.data.tables.table_rows import keep_text
from ganoscope.data.tables.text_table import open_table, parse_number, read_rows, require_columns
from ganoscope.errors import UserError

RANK = 3

TRAIN, TEST = "stage2_train_metadata.csv", "stage2_test_metadata.csv"
TRAIN_IMAGES, MASKS, TEST_IMAGES = "Training/Images", "Training/Masks", "Test"
PLACEHOLDER = "the test file is a placeholder: every PredictionString is the same"
UNLABELLED = f"a test image without a label: {TEST} is missing"
UNSOUND = "the test file is no sound table with the columns patientId and PredictionString"
LONE_MASK = "a mask without its image"


def matches(source: Path) -> bool:
    """Recognises folders with one of the two CSV files, or with the three image folders."""
    folders = (TRAIN_IMAGES, MASKS, TEST_IMAGES)
    return any((source / name).is_file() for name in (TRAIN, TEST)) or all((source / name).is_dir() for name in folders)


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields the training images, then the test images, each followed by the ids without an image.

    Raises:
        UserError: The CSV of the training images is missing or lacks columns.
    """
    if not (source / TRAIN).is_file():
        raise UserError(f"{source} holds images without labels: {TRAIN} is missing. Put it beside the folder Training.")
    train = read_findings(source / TRAIN, ("patientId", *BOX_COLUMNS, "Target"), ("position", "modality"))
    test, fault = read_test(source / TEST)
    part = "" if fault else "train"
    yield from list_training(source, {key: tidy(finding) for key, finding in train.items()}, part)
    if fault:
        files = walk_files(source, TEST_IMAGES) if (source / TEST_IMAGES).is_dir() else ()
        yield from (SourceImage((found.path,), found.name, fault=found.fault or fault) for found in files)
    else:
        yield from join(source, TEST_IMAGES, test, SourceImage((), "", split="test"))


def list_training(source: Path, findings: dict[str, Finding], split: str) -> Iterator[SourceImage]:
    """Yields the training images with their masks, the ids without an image, and the masks without an image.

    Args:
        source: Source folder.
        findings: Findings by id.
        split: Split of the training images, or "".
    """
    files = walk_files(source, MASKS) if (source / MASKS).is_dir() else ()
    masks = {found.path.stem: found for found in files}
    for entry in join(source, TRAIN_IMAGES, findings, SourceImage((), "", split=split), masks):
        masks.pop(entry.patient, None)
        yield entry
    yield from (SourceImage((mask.path,), mask.name, fault=mask.fault or LONE_MASK) for mask in masks.values())


def tidy(finding: Finding) -> Finding:
    """Returns a finding whose view and modality may be part of a store: known ones, or short texts."""
    return replace(finding, details=frozenset((name, keep_text(value)) for name, value in finding.details))


def read_test(path: Path) -> tuple[dict[str, Finding], str]:
    """Returns the findings in the test CSV by id, and the reason if it can't be used (training images still can)."""
    if not path.is_file():
        return {}, UNLABELLED
    try:
        table = open_table(path)
        require_columns(table, ("patientId", "PredictionString"))
        texts = {row["patientid"]: row["predictionstring"] for row in read_rows(table)}
    except UserError:
        return {}, UNSOUND
    if len(set(texts.values())) <= 1:
        return {}, PLACEHOLDER
    numbers = {key: [parse_number(word, table) for word in text.split()] for key, text in texts.items()}
    width = find_group_size(list(numbers.values()))
    return {key: read_prediction(values, width) for key, values in numbers.items()}, ""


def find_group_size(rows: list[list[float | None]]) -> int:
    """Returns the number of values per box: 5 with a confidence in [0, 1] first, else 4."""
    scored = (len(row) % 5 == 0 and all(value is not None and 0 <= value <= 1 for value in row[::5]) for row in rows)
    return 5 if all(scored) else 4


def read_prediction(values: list[float | None], size: int) -> Finding:
    """Returns the boxes in one PredictionString, in groups of `size` numbers that end with a box."""
    found = [make_box(values[start : start + size][-4:]) for start in range(0, len(values), size)]
    boxes: tuple[Box, ...] = tuple(box for box in found if box)
    if len(boxes) < len(found):
        return Finding(faults=("a PredictionString that is no list of boxes",))
    return Finding(frozenset({POSITIVE if boxes else NEGATIVE}), boxes)
