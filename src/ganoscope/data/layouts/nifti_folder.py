"""NIfTI volumes: flat, in class folders, as BIDS (`sub-...`), or as challenges hand them out (`imagesTr`, `labelsTr`).

A volume's slices always stay together; the patient is known in BIDS alone, since several volumes may be one person's.

Source: BIDS, https://bids-specification.readthedocs.io; Medical Segmentation Decathlon, http://medicaldecathlon.com.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ganoscope.data.layouts import SourceImage
from ganoscope.data.layouts.folders import (
    FEW_FILES,
    MAX_CLASSES,
    Found,
    read_folder_names,
    refuse_labels,
    sample_names,
    walk_files,
)
from ganoscope.data.readers import ReadOptions
from ganoscope.data.readers.nifti import SUFFIXES

RANK = 1

SIDECARS = (".json", ".tsv", ".csv", ".txt", ".md", ".bval", ".bvec", ".pdf", ".html")
"""What accompanies volumes; not counted when the layout is recognised."""
SUBJECT = re.compile(r"sub-[A-Za-z0-9]+")

IMAGE_FOLDERS = {"imagestr": "train", "imagesva": "validation", "imagests": "test", "images": "", "volumes": ""}
MASK_FOLDERS = ("labelstr", "labelsts", "labelsva", "masks", "mask", "segmentations", "segmentation", "segs")
MASK = "a volume in a folder of label maps is no image of anatomy"


def matches(source: Path) -> bool:
    """Takes folders in which at least half of the files, but for tables and texts, are NIfTI volumes."""
    names = [name.lower() for name in sample_names(source)]
    volumes = sum(name.endswith(SUFFIXES) for name in names)
    others = sum(not name.endswith((*SUFFIXES, *SIDECARS)) for name in names)
    return volumes > 0 and volumes >= others


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file; label maps, by their folder, come with a fault.

    Raises:
        UserError: The folders are too many to be classes: they look like patients.
    """
    labels: set[str] = set()
    files = 0
    for found in walk_files(source):
        image = describe(found)
        files += 1
        labels.add(image.label)
        if len(labels - {""}) > MAX_CLASSES:
            refuse_labels(source, f"more than {MAX_CLASSES} folders")
        yield image
    if files > FEW_FILES and 2 * len(labels - {""}) > files:
        refuse_labels(source, f"{len(labels - {''})} folders for {files} files")


def describe(found: Found) -> SourceImage:
    """Returns the entry of a file, with what the names of the folders above it say.

    Example:
        >>> entry = describe(Found(Path("sub-07_T1w.nii.gz"), ("sub-07", "anat")))
        >>> entry.patient, entry.label
        ('sub-07', '')
    """
    folders = [folder for folder in found.folders if folder.lower() not in (*IMAGE_FOLDERS, *MASK_FOLDERS)]
    split, label = read_folder_names(tuple(folders))
    split = next((s for f, s in IMAGE_FOLDERS.items() if s and f in map(str.lower, found.folders)), split)
    patient = find_subject(found)
    if patient and any(SUBJECT.fullmatch(folder) for folder in found.folders):
        label = ""  # the folders are subject, session and kind of image
    masked = any(folder.lower() in MASK_FOLDERS for folder in found.folders)
    fault = found.fault or (MASK if masked else "")
    return SourceImage((found.path,), found.name, label, split, patient, fault=fault)


def find_subject(found: Found) -> str:
    """Returns the BIDS subject that folder or file name states, "" where none does."""
    named = (folder for folder in reversed(found.folders) if SUBJECT.fullmatch(folder))
    stated = SUBJECT.match(found.path.name)
    return next(named, "") or (stated[0] if stated and found.path.name[stated.end() :][:1] in ("_", ".") else "")
