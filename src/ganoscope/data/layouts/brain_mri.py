"""Brain MRI slices in folders glioma, meningioma, notumor and pituitary, with or without Training and Testing above.

Labels are these four names, however the folders spell them (`no_tumor`, `glioma_tumor`). Patients are unknown: the set
merges others that state none.

Source: M. Nickparvar, Brain Tumor MRI Dataset, https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ganoscope.data.layouts import SourceImage
from ganoscope.data.layouts.folders import list_folders, read_folder_names, walk_files
from ganoscope.data.picture import ReadOptions

RANK = 2

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
NEEDED = 3
"""Of the four classes, to be recognised."""
DEPTH = 3
"""How deep the class folders may lie."""


def matches(source: Path) -> bool:
    """Takes folders that hold folders of at least three of the classes."""
    return len({name_class(folder.name) for folder in list_folders(source, DEPTH)} & set(CLASSES)) >= NEEDED


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file; one outside the class folders has its folder's name as its label, as in plain folders."""
    for found in walk_files(source):
        split, label = read_folder_names(found.folders)
        label = name_class(label)
        yield SourceImage((found.path,), found.name, label, split, modality="MR", fault=found.fault)


def name_class(folder: str) -> str:
    """Returns the class that a folder stands for; the folder's own name where it is none of them.

    Example:
        >>> name_class("No_Tumor"), name_class("pituitary_tumor"), name_class("other")
        ('notumor', 'pituitary', 'other')
    """
    letters = re.sub(r"[\s_-]+", "", folder.lower()).replace("tumour", "tumor")
    short = letters if letters == "notumor" else letters.removesuffix("tumor")
    return short if short in CLASSES else folder
