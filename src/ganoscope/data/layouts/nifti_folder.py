"""NIfTI volumes: flat, in class folders, as BIDS (`sub-...`), or as in challenges (`imagesTr`, `labelsTr`).

The slices of a volume always stay together. The patient is known where folders are called as patients (`sub-07`,
`case_00000`, `BraTS20_Training_001`), in BIDS also from the file name, and where folders are alike, as in BraTS: nine
of ten folders (at least two, with different names) hold the same two or more files, apart from the folder name in
their names, and the rest of one name is letters only, such as `flair` or `seg`. Otherwise the patient is unknown,
since several volumes may show one person.

Label maps are listed but not used: those in folders of masks, those whose name ends in `_seg`, `_mask`, `_gt` or the
like, and those called as the volume beside them with another word (`segmentation-0`, `volume-0`). Their numbers stand
for different organs and findings, and no name says which.

Source: BIDS, https://bids-specification.readthedocs.io; Medical Segmentation Decathlon, http://medicaldecathlon.com;
BraTS, https://www.med.upenn.edu/cbica/brats2020/data.html; LiTS, https://arxiv.org/abs/1901.04056.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ganoscope.data.levels.looks import OPEN, SUBJECT, look_at
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers.nifti import SUFFIXES
from ganoscope.data.source.class_folders import check_labels
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.understood import NAMED_MASK, Understood, understand
from ganoscope.data.source.walk import sample_names, walk_files

RANK = 1

SIDECARS = (".json", ".tsv", ".csv", ".txt", ".md", ".bval", ".bvec", ".pdf", ".html")
"""Suffixes of files that accompany volumes; ignored when the layout is recognised."""

MASK_NAME = re.compile(r".*([_-]seg|_mask|_labels?|_segmentation|_gt)\.nii(\.gz)?", re.IGNORECASE | re.DOTALL)
ALIKE_SHARE = 0.9
"""Proportion of folders with the same files from which all are assumed to be patients; data sets contain errors."""


def matches(source: Path) -> bool:
    """Recognises folders in which at least half of the files, apart from tables and texts, are NIfTI volumes."""
    names = [name.lower() for name in sample_names(source)]
    volumes = sum(name.endswith(SUFFIXES) for name in names)
    others = sum(not name.endswith((*SUFFIXES, *SIDECARS)) for name in names)
    return volumes > 0 and volumes >= others


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns every file; label maps have a fault.

    Raises:
        UserError: The folders can be read in two ways, or can't be classes: they look like patients.
    """
    understood = understand(source, options.levels, known=find_patients(source))
    return Listed(check_labels(source, list_volumes(understood)), understood.tell(attach=False))


def find_patients(source: Path) -> frozenset[str]:
    """Returns the names of the folders that are patients; empty unless they hold the same files, as described above."""
    kinds: dict[tuple[str, ...], set[str]] = {}
    for found in walk_files(source):
        name = found.path.name.lower()
        if name.endswith(SUFFIXES) and found.folders and look_at(found.folders[-1]).kind in OPEN:
            kind = name.removeprefix(found.folders[-1].lower())
            kinds.setdefault(found.folders, set()).add(kind.removesuffix(".gz").removesuffix(".nii").strip("_- ."))
    names = frozenset(folders[-1] for folders in kinds)
    if not 1 < len(names) == len(kinds):
        return frozenset()
    ((common, count),) = Counter(map(frozenset, kinds.values())).most_common(1)
    alike = count >= ALIKE_SHARE * len(kinds) and len(common) > 1 and any(kind.isalpha() for kind in common)
    return names if alike else frozenset()


def list_volumes(understood: Understood) -> Iterator[SourceImage]:
    """Yields every file with the subject in its name, and every label map with a fault."""
    for image in understood.list_images(attach=False):
        named = MASK_NAME.fullmatch(image.path.name)
        patient = image.patient or find_subject(image.path.name)
        yield replace(image, patient=patient, fault=image.fault or (NAMED_MASK if named else ""))


def find_subject(name: str) -> str:
    """Returns the BIDS subject in a file name; "" if there is none."""
    stated = SUBJECT.match(name)
    return stated[0] if stated and name[stated.end() :][:1] in ("_", ".") else ""
