"""One row of a table that lists images: its cells, parsed; what is not allowed gives the row a fault."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ganoscope.data.levels.words import SPLIT_OF_FOLDER
from ganoscope.data.source.entries import Box
from ganoscope.data.tables.name_matching import is_outside, make_key
from ganoscope.data.tables.text_table import Table, parse_number

VIEWS = {name.lower(): name for name in ("AP", "PA", "LL", "RL", "axial", "coronal", "sagittal", "oblique")}
KEPT_WORD = re.compile(
    "anterior|apical|axial|bilateral|caudal|chamber|chest|coronal|costal|cranial|cross|decubitus|dorsal|erect|frontal|"
    "horizontal|lat|lateral|left|lordotic|oblique|portable|posterior|prone|right|sagittal|seated|semi|semierect|sitting|"
    "standing|supine|swimmers|table|upright|ventral|view|xtable|angiography|dermoscopy|endoscopy|film|fluoroscopy|"
    "fundus|histology|mammogram|mammography|microscopy|optical|coherence|tomography|pathology|radiograph|radiography|"
    "ray|scan|sonography|ultrasound|x|xray|unknown",
    re.IGNORECASE,
)
"""Words of which an unknown view or modality may consist to be kept as text: any other could be a name."""
MODALITIES = {"MRI": "MR", "PET": "PT"}
"""Words in use for a DICOM code."""
KEPT_CODE = re.compile(r"[A-Z]{1,4}\d?|\d{1,2}")
"""Codes that may be kept as well, such as `APS`, `LPO` or `4`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image in the CSV.

    Attributes:
        values: Contents of its label columns.
        fault: Reason why the row can't be used.
        number: Number of its (first) row, from 1.
        differs: Whether another row has other label values.
        dropped: A view or modality that is not kept, since it could name a person.
    """

    values: frozenset[str] = frozenset()
    patient: str = ""
    split: str = ""
    modality: str = ""
    view: str = ""
    boxes: tuple[Box, ...] = ()
    mask: str = ""
    anatomy: str = ""
    fault: str = ""
    label: str = ""
    number: int = 0
    differs: bool = False
    dropped: str = ""


def parse_row(cells: Mapping[str, str], table: Table, named_split: str) -> Row:
    """Returns the parsed row without its label, with a fault if a value is not allowed.

    Args:
        cells: Contents of the columns by our names.
        table: Table of the row.
        named_split: Split that the name of the table states.
    """
    split = cells.get("split", "")
    boxes = parse_boxes(cells.get("boxes", ""), table)
    masks = {name: cells.get(name, "") for name in ("mask", "anatomy")}
    texts = [cells.get(name, "") for name in ("modality", "view")]
    modality, view = read_modality(texts[0]), VIEWS.get(texts[1].lower().replace(".", ""), keep_text(texts[1]))
    faults = {
        "an unknown split; allowed: train, validation, test or nothing": split and split.lower() not in SPLIT_OF_FOLDER,
        "boxes in another form than 'x y width height; ...'": boxes is None,
        "a mask that is no file in the source folder": any(map(is_outside, filter(None, masks.values()))),
    }
    return Row(
        patient=cells.get("patient", ""),
        split=SPLIT_OF_FOLDER.get(split.lower(), named_split),
        modality=modality,
        view=view,
        boxes=boxes or (),
        mask=make_key(masks["mask"]) if masks["mask"] else "",
        anatomy=make_key(masks["anatomy"]) if masks["anatomy"] else "",
        fault="; ".join(fault for fault, found in faults.items() if found),
        dropped=next((text for text, kept in zip(texts, (modality, view), strict=True) if text and not kept), ""),
    )


def read_modality(text: str) -> str:
    """Returns a DICOM code in capitals, another modality as text.

    Example:
        >>> read_modality("ct"), read_modality("MRI"), read_modality("X-ray"), read_modality("Doe^John")
        ('CT', 'MR', 'X-ray', '')
    """
    return MODALITIES.get(text.upper(), text.upper()) if re.fullmatch(r"[A-Za-z]{2,4}", text) else keep_text(text)


def keep_text(text: str) -> str:
    """Returns a text of the field's words and of codes as it is; "" for one that may name a person or a date.

    Example:
        >>> keep_text("AP Supine"), keep_text("AP_horizontal"), keep_text("Doe John"), keep_text("19560713")
        ('AP Supine', 'AP_horizontal', '', '')
    """
    words = re.split(r"[\s_/,.-]+", text.strip())
    known = all(KEPT_WORD.fullmatch(word) or KEPT_CODE.fullmatch(word) for word in words if word)
    return text.strip() if known and len(text) <= 40 else ""


def parse_boxes(text: str, table: Table) -> tuple[Box, ...] | None:
    """Returns boxes written as "x y width height; ..."; None if the text has another form."""
    boxes = []
    for part in text.split(";"):
        numbers = [number for word in part.split() if (number := parse_number(word, table)) is not None]
        if len(numbers) != len(part.split()) or len(numbers) not in (0, 4) or any(side <= 0 for side in numbers[2:]):
            return None
        boxes += [(numbers[0], numbers[1], numbers[2], numbers[3])] if numbers else []
    return tuple(boxes)
