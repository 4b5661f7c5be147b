"""NIfTI volumes: flat, in class folders, as BIDS (`sub-...`), or as in challenges (`imagesTr`, `labelsTr`).

The slices of a volume always stay together. The patient is known in BIDS, and where folders are patients, as in BraTS:
nine of ten folders (at least two, with different names) hold the same two or more files, apart from the folder name in
their names, and the rest of one name is letters only, such as `flair` or `seg`. Such a folder gives the patient, the
one above it the class. Otherwise the patient is unknown, since several volumes may show one person.

Label maps, identified by their folder or by the end of their name (`_seg`, `-seg`, `_mask`, `_gt` ...), are listed but
not used.

Source: BIDS, https://bids-specification.readthedocs.io; Medical Segmentation Decathlon, http://medicaldecathlon.com;
BraTS, https://www.med.upenn.edu/cbica/brats2020/data.html.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ganoscope.data.layouts import SourceImage
from ganoscope.data.layouts.folders import (
    Found,
    check_labels,
    find_table_fault,
    read_folder_names,
    sample_names,
    walk_files,
)
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers.nifti import SUFFIXES

RANK = 1

SIDECARS = (".json", ".tsv", ".csv", ".txt", ".md", ".bval", ".bvec", ".pdf", ".html")
"""Suffixes of files that accompany volumes; ignored when the layout is recognised."""
SUBJECT = re.compile(r"sub-[A-Za-z0-9]+")

IMAGE_FOLDERS = {"imagestr": "train", "imagesva": "validation", "imagests": "test", "images": "", "volumes": ""}
MASK_FOLDERS = ("labelstr", "labelsts", "labelsva", "masks", "mask", "segmentations", "segmentation", "segs")
MASK = "a volume in a folder of label maps is no image of anatomy"
MASK_NAME = re.compile(r".*([_-]seg|_mask|_labels?|_segmentation|_gt)\.nii(\.gz)?", re.IGNORECASE | re.DOTALL)
NAMED_MASK = "a segmentation, by its name; not taken as a picture"
ALIKE_SHARE = 0.9
"""Proportion of folders with the same files from which all are assumed to be patients; data sets contain errors."""


def matches(source: Path) -> bool:
    """Recognises folders in which at least half of the files, apart from tables and texts, are NIfTI volumes."""
    names = [name.lower() for name in sample_names(source)]
    volumes = sum(name.endswith(SUFFIXES) for name in names)
    others = sum(not name.endswith((*SUFFIXES, *SIDECARS)) for name in names)
    return volumes > 0 and volumes >= others


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file; label maps have a fault.

    Raises:
        UserError: The folders can't be classes: they look like patients.
    """
    patients = find_patients(source)
    return check_labels(source, (describe(found, patients) for found in walk_files(source)))


def find_patients(source: Path) -> frozenset[str]:
    """Returns the names of the folders that are patients; empty unless they hold the same files, as described above."""
    kinds: dict[tuple[str, ...], set[str]] = {}
    for found in walk_files(source):
        name = found.path.name.lower()
        if name.endswith(SUFFIXES) and found.folders and describe(found).label == found.folders[-1]:
            kind = name.removeprefix(found.folders[-1].lower())
            kinds.setdefault(found.folders, set()).add(kind.removesuffix(".gz").removesuffix(".nii").strip("_- ."))
    names = frozenset(folders[-1] for folders in kinds)
    if not 1 < len(names) == len(kinds):
        return frozenset()
    ((common, count),) = Counter(map(frozenset, kinds.values())).most_common(1)
    alike = count >= ALIKE_SHARE * len(kinds) and len(common) > 1 and any(kind.isalpha() for kind in common)
    return names if alike else frozenset()


def describe(found: Found, patients: frozenset[str] = frozenset()) -> SourceImage:
    """Returns the entry of a file, with split, label and patient from the folders above it.

    Args:
        found: File.
        patients: Names of folders that are patients.

    Example:
        >>> entry = describe(Found(Path("sub-07_T1w.nii.gz"), ("sub-07", "anat")))
        >>> entry.patient, entry.label
        ('sub-07', '')
    """
    known = (*IMAGE_FOLDERS, *MASK_FOLDERS)
    folders = [folder for folder in found.folders if folder.lower() not in known and folder not in patients]
    split, label = read_folder_names(tuple(folders))
    split = next((s for f, s in IMAGE_FOLDERS.items() if s and f in map(str.lower, found.folders)), split)
    patient = find_subject(found)
    if patient and any(SUBJECT.fullmatch(folder) for folder in found.folders):
        label = ""  # the folders are subject, session and kind of image
    patient = patient or next((folder for folder in found.folders if folder in patients), "")
    masked = any(folder.lower() in MASK_FOLDERS for folder in found.folders)
    named = MASK_NAME.fullmatch(found.path.name)
    fault = found.fault or (MASK if masked else NAMED_MASK if named else find_table_fault(found))
    return SourceImage((found.path,), found.name, label, split, patient, fault=fault)


def find_subject(found: Found) -> str:
    """Returns the BIDS subject in folder or file name; "" if there is none."""
    named = (folder for folder in reversed(found.folders) if SUBJECT.fullmatch(folder))
    stated = SUBJECT.match(found.path.name)
    return next(named, "") or (stated[0] if stated and found.path.name[stated.end() :][:1] in ("_", ".") else "")
