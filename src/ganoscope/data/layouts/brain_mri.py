"""Brain MRI slices in folders glioma, meningioma, notumor and pituitary, optionally below Training and Testing.

Labels are these four names, however the folders spell them (`no_tumor`, `glioma_tumor`). Patients are unknown: the data
set merges others that state none.

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
"""Number of the four class folders required for recognition."""
DEPTH = 3
"""Largest depth of the class folders."""


def matches(source: Path) -> bool:
    """Recognises sources with folders of at least three of the classes."""
    return len({name_class(folder.name) for folder in list_folders(source, DEPTH)} & set(CLASSES)) >= NEEDED


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file; outside the class folders, the label is the name of the folder, as in layout `folders`."""
    for found in walk_files(source):
        split, label = read_folder_names(found.folders)
        label = name_class(label)
        yield SourceImage((found.path,), found.name, label, split, modality="MR", fault=found.fault)


def name_class(folder: str) -> str:
    """Returns the class of a folder; its own name if it is not one of the classes.

    Example:
        >>> name_class("No_Tumor"), name_class("pituitary_tumor"), name_class("other")
        ('notumor', 'pituitary', 'other')
    """
    letters = re.sub(r"[\s_-]+", "", folder.lower()).replace("tumour", "tumor")
    short = letters if letters == "notumor" else letters.removesuffix("tumor")
    return short if short in CLASSES else folder
