"""Small pictures for galleries: with boxes and lesion outlines drawn where there are any."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganoscope.data.store.pixel_file import PixelFile
from ganoscope.reports.store.artefacts import Evidence

SIDE_PX, LARGE_PX = 112, 150
SHEET_PX = 96
GAP_PX = 4
GAP = (122, 128, 138)
MARK, FINDING = "#ff3b30", "#ffb000"
"""Colours of supposed faults, and of annotated findings."""

Box = tuple[float, float, float, float]


def parse_boxes(text: str) -> list[Box]:
    """Returns the boxes in a manifest's cell as (x, y, width, height) in store pixels.

    Example:
        >>> parse_boxes("1 2 3 4; 5.5 6 7 8")
        [(1.0, 2.0, 3.0, 4.0), (5.5, 6.0, 7.0, 8.0)]
    """
    boxes = []
    for part in filter(str.strip, text.split(";")):
        x, y, width, height = (float(number) for number in part.split())
        boxes.append((x, y, width, height))
    return boxes


def draw_thumbnail(
    evidence: Evidence, index: int, side_px: int = SIDE_PX, marks: Sequence[Box] = (), findings: Sequence[Box] = ()
) -> Image.Image:
    """Returns one image at a gallery's size: grey where nothing is drawn into it, else in colour.

    Args:
        evidence: What is shown of the store.
        index: Position of the image in the store.
        side_px: Side of the picture.
        marks: Boxes in store pixels around supposed faults.
        findings: Boxes in store pixels around annotated findings.
    """
    store = evidence.store
    display = evidence.findings.window.to_display(np.asarray(store.images[index]))
    picture = Image.fromarray(display).resize((side_px, side_px), Image.Resampling.LANCZOS)
    outline = draw_outline(store.masks, index, side_px)
    if not marks and not findings and outline is None:
        return picture
    coloured = picture.convert("RGB")
    if outline is not None:
        coloured.paste(FINDING, (0, 0), Image.fromarray(outline))
    draw = ImageDraw.Draw(coloured)
    for boxes, colour in ((findings, FINDING), (marks, MARK)):
        for box in boxes:
            draw.rectangle(scale_box(box, side_px / store.size, side_px), outline=colour)
    return coloured


def draw_outline(masks: PixelFile | None, index: int, side_px: int) -> NDArray[np.uint8] | None:
    """Returns the outline of an image's lesion mask, 255 on the line, shape (side_px, side_px); None without a mask.

    Args:
        masks: Masks of the store, shape (N, H, W), or None.
        index: Position of the image.
        side_px: Side of the picture.
    """
    if masks is None or not masks[index].any():
        return None
    mask = Image.fromarray(np.asarray(masks[index], np.uint8)).resize((side_px, side_px))
    inside = np.pad(np.asarray(mask, bool), 1)
    core = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return (inside[1:-1, 1:-1] & ~core).astype(np.uint8) * 255


def scale_box(box: Box, factor: float, side_px: int) -> Box:
    """Returns a box as corners (left, top, right, bottom) on the enlarged picture, just around its content.

    Args:
        box: In store pixels.
        factor: Enlargement of the picture.
        side_px: Side of the picture; the corners lie inside it.

    Example:
        >>> scale_box((1, 2, 3, 4), factor=2.0, side_px=100), scale_box((0, 0, 50, 50), factor=2.0, side_px=100)
        ((1.0, 3.0, 8.0, 12.0), (0.0, 0.0, 99.0, 99.0))
    """
    x, y, width, height = (factor * value for value in box)
    left, top = max(0.0, x - 1), max(0.0, y - 1)
    right, bottom = min(side_px - 1.0, x + width), min(side_px - 1.0, y + height)
    return left, top, max(left, right), max(top, bottom)


def join(pictures: Sequence[Image.Image], columns: int, gap_px: int = GAP_PX) -> Image.Image:
    """Returns equally large pictures as one, `columns` in a row, with gaps between them.

    Args:
        pictures: One or more pictures of equal size.
        columns: Pictures per row.
        gap_px: Width of the gaps in pixels.
    """
    columns = min(columns, len(pictures))
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    mode = "RGB" if any(picture.mode == "RGB" for picture in pictures) else "L"
    grey = sum(GAP) // 3
    size = (columns * (width + gap_px) - gap_px, rows * (height + gap_px) - gap_px)
    sheet = Image.new(mode, size, GAP if mode == "RGB" else grey)
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % columns * (width + gap_px), number // columns * (height + gap_px)))
    return sheet
