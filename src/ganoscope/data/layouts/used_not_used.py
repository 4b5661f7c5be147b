"""Real images used to train a generator, real images not used, and generated images, in three folders.

`real_used/`, `real_not_used/` and `generated/` at the top (also `used`, `not_used`, `unused`; case, hyphens and spaces
do not matter). Labels are the three names. Splits follow from the purpose of such a data set: images that the generator
was trained on are `train`, real images that it never saw are `test`. Generated images are `train` as well: they must
not be mistaken for unseen real ones. Select by label, not by split, where domains are meant.

Source: ImageCLEFmedical GANs task, Andrei et al., CLEF 2023, https://ceur-ws.org/Vol-3497/.

"""

import re
from collections.abc import Iterator
from pathlib import Path

from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.walk import list_folders, walk_files

RANK = 3

SPLIT_OF_DOMAIN = {"real_used": "train", "real_not_used": "test", "generated": "train"}
SPELLINGS = {
    **dict.fromkeys(("realused", "used"), "real_used"),
    **dict.fromkeys(("realnotused", "notused", "realunused", "unused"), "real_not_used"),
    "generated": "generated",
}
OTHER = "in none of the folders real_used, real_not_used and generated"


def matches(source: Path) -> bool:
    """Recognises folders that hold all three."""
    return {name_domain(folder.name) for folder in list_folders(source, 1)} >= set(SPLIT_OF_DOMAIN)


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields every file with its domain as label; files elsewhere have a fault."""
    for found in walk_files(source):
        domain = name_domain(found.folders[0]) if found.folders else ""
        fault = found.fault or ("" if domain else OTHER)
        yield SourceImage((found.path,), found.name, domain, SPLIT_OF_DOMAIN.get(domain, ""), fault=fault)


def name_domain(folder: str) -> str:
    """Returns the domain of a folder, or "".

    Example:
        >>> name_domain("Real-Not-Used"), name_domain("unused"), name_domain("other")
        ('real_not_used', 'real_not_used', '')
    """
    return SPELLINGS.get(re.sub(r"[\s_-]+", "", folder.lower()), "")
