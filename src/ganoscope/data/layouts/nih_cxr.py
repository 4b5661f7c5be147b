"""Chest X-rays of the NIH Clinical Center: the first eight digits of a file name are the patient id.

Names: `<patient>_<number>.png`, such as `00000013_005.png`; patient numbers are 1 to 30805, so that dates are not
mistaken for patients. Folders give classes and splits.

Source: Wang et al., ChestX-ray8, CVPR 2017, https://doi.org/10.1109/CVPR.2017.369.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ganoscope.data.patients import PATTERNS, RECOGNITION_SHARE, extract_patient
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.understood import Understood, understand
from ganoscope.data.source.walk import share_matching

RANK = 3

PATIENT = re.compile(PATTERNS["nih_cxr"])
KNOWN_PATIENT = re.compile(r"^000[0-3]")


def matches(source: Path) -> bool:
    """Recognises folders in which nearly all file names have this form."""
    return share_matching(source, read_patient) >= RECOGNITION_SHARE


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns every file with its patient id.

    Raises:
        UserError: The folders can be read in two ways.
    """
    understood = understand(source, options.levels)
    return Listed(add_patients(understood), understood.tell())


def add_patients(understood: Understood) -> Iterator[SourceImage]:
    """Yields every file with the patient id in its name."""
    for image in understood.list_images():
        patient = read_patient(image.path.name)
        fault = image.fault or ("" if patient else "the file name states no patient; allowed: 00000001_000 and so on")
        yield replace(image, patient=patient, modality="DX", fault=fault)


def read_patient(name: str) -> str:
    """Returns the patient id in a file name, or "".

    Example:
        >>> read_patient("00000013_005.png"), read_patient("20240131_005.png")
        ('00000013', '')
    """
    return extract_patient(PATIENT, name) if KNOWN_PATIENT.search(name) else ""
