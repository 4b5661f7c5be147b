"""Tells masks of findings by the classes of their pictures: drawn in those of disease, empty in those of health.

No outline of anatomy is missing in every healthy picture and there in every other, so that this is no guess. Masks
whose names say what they outline are not looked at.

"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from ganoscope.data.file_limits import start_bounds
from ganoscope.data.levels.words import is_healthy
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import read
from ganoscope.data.source.entries import SourceImage

SAMPLED = 20
"""Largest number of pictures of a class whose masks are read."""
FEWEST = 2
"""Smallest number of pictures of health, and of disease."""
DRAWN_SHARE = 0.9
"""Share of the pictures of each class of disease whose masks are not empty."""
VOLUMES = (".nii", ".nii.gz")


def find_reason(images: Iterable[SourceImage], untold: Collection[str]) -> str:
    """Returns why masks are those of findings, in words; "" if the classes do not show it.

    Args:
        images: Entries with class and masks.
        untold: Paths of the masks whose names do not say what they outline.
    """
    masks: dict[str, list[tuple[Path, ...]]] = defaultdict(list)
    for image in images:
        own = tuple(path for path in image.anatomy if str(path) in untold and not str(path).lower().endswith(VOLUMES))
        if own and image.label:
            masks[image.label].append(own)
    well, ill = ([label for label in sorted(masks) if is_healthy(label) == healthy] for healthy in (True, False))
    if any(sum(len(masks[label]) for label in labels) < FEWEST for labels in (well, ill)):
        return ""
    empty = all(measure_drawn(masks[label]) == 0 for label in well)
    if not empty or not all(measure_drawn(masks[label]) >= DRAWN_SHARE for label in ill):
        return ""
    return f"since those of {' and '.join(well)} are empty, and those of {' and '.join(ill)} are not"


def measure_drawn(masks: list[tuple[Path, ...]]) -> float:
    """Returns the share of pictures, evenly chosen, of whose masks any outlines something; NaN if one can't be read.

    Args:
        masks: Masks of each picture.
    """
    places = np.unique(np.linspace(0, len(masks) - 1, SAMPLED).astype(int))
    highest = np.array([np.max([measure_highest(path) for path in masks[place]]) for place in places])
    return float("nan") if np.isnan(highest).any() else float((highest > 0).mean())


def measure_highest(path: Path) -> float:
    """Returns the highest value in a mask; NaN if it can't be read."""
    options = ReadOptions()
    try:
        with start_bounds(path, options).holding():
            return max(float(picture.pixels.max()) for picture in islice(read(path, options), 1))
    except Exception:  # reading it with its picture will give the reason
        return float("nan")
