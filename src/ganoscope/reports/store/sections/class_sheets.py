"""Images of each class: a contact sheet of random images per class, annotated findings outlined."""

import numpy as np

from ganoscope.data.inspection.exhibits import SHEET_CLASSES, SHEET_COLUMNS
from ganoscope.reports.kit.pictures import Picture, embed_image
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter
from ganoscope.reports.store.marked_pictures import GAP_PX, SHEET_PX, draw_thumbnail, join, parse_boxes


def show(evidence: Evidence) -> StoreChapter:
    """Returns a contact sheet per class."""
    number = len(evidence.classes)
    cut = f" Of {number:,} classes, the {SHEET_CLASSES} with the most images." if number > SHEET_CLASSES else ""
    text = f"Images chosen at random.{cut} {describe_window(evidence)}"
    sheets = tuple(make_sheet(evidence, label) for label in evidence.findings.exhibits.sheets)
    return StoreChapter("classes", "Images of each class", (text,), figures=sheets)


def describe_window(evidence: Evidence) -> str:
    """Returns which stored values galleries show black and white."""
    low, high, unit = evidence.findings.window.low, evidence.findings.window.high, evidence.store.intensity.unit
    return f"In all galleries, black is {low:g} and below, white is {high:g} and above ({unit})."


def make_sheet(evidence: Evidence, label: str) -> Picture:
    """Returns random images of one class as one picture, annotated findings outlined."""
    chosen = evidence.findings.exhibits.sheets[label]
    boxes = [parse_boxes(evidence.columns["boxes"][index]) for index in chosen]
    thumbnails = [
        draw_thumbnail(evidence, int(index), SHEET_PX, findings=found)
        for index, found in zip(chosen, boxes, strict=True)
    ]
    masks = evidence.store.masks
    masked = sum(bool(masks[index].any()) for index in chosen) if masks is not None else 0
    outlined = sum(bool(found) for found in boxes) + masked
    caption = f"{label}: {len(chosen):,} of {int(np.sum(evidence.labels == label)):,} images"
    caption += f"; annotated findings outlined in {outlined}." if outlined else "."
    alt = f"Contact sheet of {len(chosen)} randomly chosen images of the class {label}."
    width = min(len(chosen), SHEET_COLUMNS) * (SHEET_PX + GAP_PX)
    return Picture(embed_image(join(thumbnails, SHEET_COLUMNS)), alt, caption, True, width)
