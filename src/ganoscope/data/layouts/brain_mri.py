"""Brain MRI slices of Nickparvar's set, in folders glioma, meningioma, notumor and pituitary, perhaps below splits.

It is recognised by the names of its files as well (`Tr-gl_0010.jpg`, in its sources `gg (1).jpg`): folders of these
names may also hold other images, which need not be MRI. Labels are the four names, however the folders spell them
(`no_tumor`, `glioma_tumor`). Patients are unknown: the data set merges others that state none.

Source: M. Nickparvar, Brain Tumor MRI Dataset, https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset.

"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ganoscope.data.patients import RECOGNITION_SHARE
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.understood import Understood, understand
from ganoscope.data.source.walk import list_folders, share_matching

RANK = 3

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
NEEDED = 3
"""Number of the four class folders required for recognition."""
DEPTH = 3
"""Largest depth of the class folders."""
FILE = re.compile(r"T[re]-(?:gl|me|no|pi|aug)[a-z]*[_-]\d+|(?:gg|g|m|p|image|no)\d* ?\(\d+\)", re.IGNORECASE)


def matches(source: Path) -> bool:
    """Recognises sources with folders of at least three of the classes, and with files called as in this set."""
    found = {name_class(folder.name) for folder in list_folders(source, DEPTH)} & set(CLASSES)
    return len(found) >= NEEDED and share_matching(source, FILE.match) >= RECOGNITION_SHARE


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns every file; outside the class folders, the label is the name of the folder, as in layout `folders`.

    Raises:
        UserError: The folders can be read in two ways.
    """
    understood = understand(source, options.levels)
    return Listed(name_classes(understood), understood.tell())


def name_classes(understood: Understood) -> Iterator[SourceImage]:
    """Yields every file with the class in the spelling of the set."""
    for image in understood.list_images():
        yield replace(image, label=name_class(image.label), modality="MR")


def name_class(folder: str) -> str:
    """Returns the class of a folder; its own name if it is not one of the classes.

    Example:
        >>> name_class("No_Tumor"), name_class("pituitary_tumor"), name_class("other")
        ('notumor', 'pituitary', 'other')
    """
    letters = re.sub(r"[\s_-]+", "", folder.lower()).replace("tumour", "tumor")
    short = letters if letters == "notumor" else letters.removesuffix("tumor")
    return short if short in CLASSES else folder
