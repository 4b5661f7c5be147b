"""Paediatric chest X-rays: file names give patient and cause, folders only normal or pneumonia.

Names: `person<N>_bacteria_<k>`, `person<N>_virus_<k>`; normal ones `IM-<N>-...`, `NORMAL2-IM-<N>-...`. Labels are
NORMAL, BACTERIA and VIRUS, from the names; files whose name and folder disagree are listed but not used. Folders named
train, val or test give the split. N is used as patient id throughout: where the original test folder restarts the
numbering, two patients are joined, which keeps every split free of leakage.

Source: Kermany, Zhang, Goldbaum et al., Cell 172 (2018), https://doi.org/10.17632/rscbjbr9sj.
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

PATIENT = re.compile(PATTERNS["paediatric_cxr"])
CAUSE = re.compile(r"^person\d+_(bacteria|virus)_\d+")
ALLOWED_IN = {
    "NORMAL": {"NORMAL"},
    "PNEUMONIA": {"BACTERIA", "VIRUS"},
    "BACTERIA": {"BACTERIA"},
    "VIRUS": {"VIRUS"},
}
"""Labels allowed in folders of these names; other folders allow any."""


def matches(source: Path) -> bool:
    """Recognises folders in which nearly all file names have this form."""
    return share_matching(source, PATIENT.search) >= RECOGNITION_SHARE


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns every file with its patient and cause.

    Raises:
        UserError: The folders can be read in two ways.
    """
    understood = understand(source, options.levels)
    told = "the names of files tell BACTERIA and VIRUS apart, which are the classes beside NORMAL"
    return Listed(add_causes(understood), [*understood.tell(), told])


def add_causes(understood: Understood) -> Iterator[SourceImage]:
    """Yields every file with the patient and the cause in its name."""
    for image in understood.list_images():
        patient, label = extract_patient(PATIENT, image.path.name), read_label(image.path.name)
        fault = image.fault or find_fault(label, image.label)
        yield replace(image, label=label, patient=patient, modality="DX", fault=fault, broader=image.label)


def read_label(name: str) -> str:
    """Returns the label in a file name, or "".

    Example:
        >>> read_label("person12_virus_3.jpeg"), read_label("NORMAL2-IM-0012-0001.jpeg")
        ('VIRUS', 'NORMAL')
    """
    cause = CAUSE.search(name)
    return cause[1].upper() if cause else "NORMAL" if PATIENT.search(name) else ""


def find_fault(label: str, folder: str) -> str:
    """Returns the reason why the label in a file name contradicts the folder of the file, or ""."""
    if not label:
        return "the file name states no cause; allowed: person<N>_bacteria_<k>, person<N>_virus_<k>, IM-<N>-<k>"
    return "" if label in ALLOWED_IN.get(folder.upper(), {label}) else "file name and folder state different classes"
