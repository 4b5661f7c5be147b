"""Tells label maps from pictures by their values, whatever their names: a few levels, in areas, beside a picture.

Only a file whose values look like labels is compared with its neighbours: files of the same number or name in its
folder, and files of the same name in folders beside it. It is a label map if one of them has the same size and the
values of a picture. A picture in black and white without such a neighbour stays a picture, and so does a nearly empty
slice: the files of its kind beside it must look like labels, too.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import Picture, ReadOptions, UnreadableError
from ganoscope.data.readers import find_reader, read
from ganoscope.data.source.entries import SourceImage

LABEL_MAP = (
    "a label map, by its values, beside the picture that it belongs to; to attach those in a folder of their own, name "
    "it with --masks or --anatomy, for others write a manifest.csv"
)
LEVELS = 32
"""Largest number of values of a label map: more than the organs of most, fewer than the grey values of a picture."""
SAMPLE_PX = 64
"""Side of the sample that is looked at first: most pictures have more values in it."""
FLAT_SHARE = 0.75
"""Smallest proportion of neighbouring pixels with the same label."""
NEAR = 24
"""Grey values around black and white that lossy compression makes of a mask of two values."""
BETWEEN_SHARE = 0.03
"""Largest proportion of pixels between them."""
FAMILY, PROBES = 2, 5
"""Smallest number of files of one kind from which on others are looked at, too, and how many of them."""
MOST_FOLDERS, MOST_NEIGHBOURS, MOST_LEVELS = 20, 8, 4
"""Largest numbers of folders beside one, of neighbours, and of levels above that are searched."""


def look_like_labels(pixels: NDArray[np.generic]) -> bool:
    """Tells whether a picture, shape (H, W), may be a label map: whole numbers, few of them, in areas.

    A picture of one value may be an empty one; it is none by itself. Of 8-bit pictures, those are also taken that are
    black and white apart from what lossy compression adds.
    """
    if pixels.dtype.kind not in "iu" or pixels.min() == pixels.max():
        return False
    steps = tuple(max(1, side // SAMPLE_PX) for side in pixels.shape)
    sample = pixels[:: steps[0], :: steps[1]]
    lossy = pixels.dtype == np.uint8 and is_black_and_white(sample)
    if len(np.unique(sample)) > LEVELS and not lossy:
        return False
    values = np.unique(pixels)
    if len(values) <= LEVELS and values[0] == 0:
        return bool(np.equal(pixels[:, 1:], pixels[:, :-1]).mean() >= FLAT_SHARE)
    return lossy and is_black_and_white(pixels)


def is_black_and_white(pixels: NDArray[np.generic]) -> bool:
    """Tells whether nearly all 8-bit pixels, shape (H, W), are near black or near the highest value, far above it."""
    values = pixels.astype(np.int16)
    high = int(values.max())
    bright = float((values >= high - NEAR).mean())
    between = float(((values > NEAR) & (values < high - NEAR)).mean())
    return int(values.min()) <= NEAR and high > 4 * NEAR and between <= min(BETWEEN_SHARE, bright)


def are_label_maps(
    image: SourceImage, looks: Sequence[bool | None], shape: tuple[int, int], options: ReadOptions
) -> bool:
    """Tells whether the pictures of a file or a series are label maps beside a picture.

    Args:
        image: Entry that they come from.
        looks: Whether each picture looks like labels; None for one of a single value, which may be an empty label map.
        shape: Height and width of the pictures.
        options: How volumes are cut into slices.
    """
    known = [look for look in looks if look is not None]
    return bool(known) and all(known) and has_picture_beside(image, shape, len(looks), options)


def has_picture_beside(image: SourceImage, shape: tuple[int, ...], slices: int, options: ReadOptions) -> bool:
    """Tells whether a file that looks like labels lies beside a picture, and those of its kind look like it.

    Args:
        image: Entry of the file.
        shape: Height and width of its pictures.
        slices: Number of its pictures.
        options: How volumes are cut into slices.
    """
    path = image.paths[len(image.paths) // 2]
    plain = replace(options, hu_offset=None)
    depth = image.name.count("/")
    for neighbour, family in list_neighbours(path, depth, slices > 1):
        if is_picture(neighbour, shape, plain) and (slices > 1 or are_labels(family, path, plain)):
            return True
    return False


def is_picture(path: Path, shape: tuple[int, ...], options: ReadOptions) -> bool:
    """Tells whether a file holds pictures of a size with the values of pictures.

    Args:
        path: The file.
        shape: Their height and width.
        options: How files are read.
    """
    middle = replace(options, slices="middle")
    return any(
        found.pixels.shape == shape and len(np.unique(found.pixels)) > LEVELS and not look_like_labels(found.pixels)
        for found in islice(try_to_read(path, middle), 1)
    )


def are_labels(family: Sequence[Path], path: Path, options: ReadOptions) -> bool:
    """Tells whether files of one kind, evenly chosen, all look like labels or have one value; the file itself counts.

    Args:
        family: Files of the kind of `path`, in order.
        path: The file that looks like labels.
        options: How files are read.
    """
    if len(family) < FAMILY:
        return True
    chosen = sorted({round(place) for place in np.linspace(0, len(family) - 1, PROBES)})
    return all(look_plain(family[place], options) for place in chosen if family[place] != path)


@lru_cache(256)
def look_plain(path: Path, options: ReadOptions) -> bool:
    """Tells whether the first picture of a file looks like labels or has one value; true if it can't be read."""
    return all(
        found.pixels.min() == found.pixels.max() or look_like_labels(found.pixels)
        for found in islice(try_to_read(path, options), 1)
    )


def try_to_read(path: Path, options: ReadOptions) -> Iterator[Picture]:
    """Yields the pictures of a file up to the first fault."""
    try:
        if find_reader(path):
            yield from read(path, options)
    except (UnreadableError, OSError, MemoryError):
        return


def list_neighbours(path: Path, depth: int, volume: bool) -> Iterator[tuple[Path, Sequence[Path]]]:
    """Yields the files that may be the picture of a label map, each with the files of the label map's kind.

    Args:
        path: The label map.
        depth: Number of folders between the source and the file.
        volume: Whether it is a volume: any other volume in its folder may be its own.
    """
    own = index_folder(path.parent)
    template = make_template(path.name)
    family = [path.parent / name for name in own.by_template.get(template, ())]
    beside = list(dict.fromkeys(find_related(path.name, own)))
    if volume:
        beside += [name for name in own.names if make_template(name) != template and name not in beside]
    others = [name for name in beside if name != path.name]
    yield from ((path.parent / name, family) for name in others[:MOST_NEIGHBOURS])
    everything = [path.parent / name for name in own.names]
    for folder in list_folders_beside(path.parent, min(depth, MOST_LEVELS)):
        index, numbers = index_folder(folder), find_numbers(strip(path.name))
        same = index.by_stem.get(strip(path.name)) or index.by_numbers.get(numbers) or index.by_numbers.get(numbers[:1])
        yield from ((folder / name, everything) for name in (same or ())[:1])


def find_related(name: str, index: "FolderIndex") -> Iterator[str]:
    """Yields the files of a folder that a label map may belong to: its name begins with theirs, or has their numbers.

    Example:
        >>> index = make_index(("x_1.tif", "x_1_mask.tif", "x_12.tif", "img_07.png", "gt_07.png", "a.png", "b.png"))
        >>> [list(find_related(name, index)) for name in ("x_1_mask.tif", "gt_07.png", "b.png")]
        [['x_1.tif', 'x_1.tif', 'x_1_mask.tif'], ['img_07.png', 'gt_07.png'], []]
    """
    stem = strip(name)
    for place, sign in enumerate(stem):
        if place and not sign.isalnum():
            yield from index.by_stem.get(stem[:place].rstrip(" _-."), ())
    yield from index.by_numbers.get(find_numbers(stem), ())


@dataclass(frozen=True)
class FolderIndex:
    """The files of a folder.

    Attributes:
        names: Their names, in order.
        by_stem: Names by name without endings.
        by_numbers: Names by the numbers in them; names without any are left out.
        by_template: Names by kind.
    """

    names: tuple[str, ...]
    by_stem: defaultdict[str, list[str]]
    by_numbers: defaultdict[tuple[int, ...], list[str]]
    by_template: defaultdict[str, list[str]]


@lru_cache(64)
def index_folder(folder: Path) -> FolderIndex:
    """Returns the files of a folder."""
    return make_index(list_folder(folder))


def make_index(names: tuple[str, ...]) -> FolderIndex:
    """Returns file names in order by stem, numbers and kind."""
    index = FolderIndex(names, defaultdict(list), defaultdict(list), defaultdict(list))
    for name in names:
        stem = strip(name)
        index.by_stem[stem].append(name)
        index.by_template[make_template(name)].append(name)
        if numbers := find_numbers(stem):
            index.by_numbers[numbers].append(name)
    return index


def list_folders_beside(folder: Path, depth: int) -> Iterator[Path]:
    """Yields the folders that differ from one in the name of a single level, the deepest level first.

    Levels below it may be missing, as masks lie in `drawn/left` beside pictures in `films`.

    Args:
        folder: The folder.
        depth: Number of levels that lie inside the source.
    """
    rest: tuple[str, ...] = ()
    for _ in range(depth):
        names = [name for name in list_folder(folder.parent, folders=True) if name != folder.name][:MOST_FOLDERS]
        for kept in range(len(rest), -1, -1):
            yield from (folder.parent.joinpath(name, *rest[:kept]) for name in names)
        folder, rest = folder.parent, (folder.name, *rest)


@lru_cache(256)
def list_folder(folder: Path, folders: bool = False) -> tuple[str, ...]:
    """Returns the names of the files, or of the folders, in a folder; links are left out."""
    try:
        with os.scandir(folder) as entries:
            wanted = (one for one in entries if not one.name.startswith("."))
            chosen = (one.name for one in wanted if is_kind(one, folders))
            return tuple(sorted(chosen))
    except OSError:
        return ()


def is_kind(entry: "os.DirEntry[str]", folder: bool) -> bool:
    """Tells whether an entry is a folder, or else a file; links are neither."""
    return entry.is_dir(follow_symlinks=False) if folder else entry.is_file(follow_symlinks=False)


def find_numbers(stem: str) -> tuple[int, ...]:
    """Returns the numbers in a file name, in order."""
    return tuple(int(digits) for digits in re.findall(r"\d{1,18}", stem))


def make_template(name: str) -> str:
    """Returns a file name with its numbers replaced, equal for files of one kind."""
    return re.sub(r"\d+", "#", name.lower())


def strip(name: str) -> str:
    """Returns a file name in lower case without its endings."""
    return re.sub(r"(\.nii)?\.[a-z]{2,5}$|\.nii\.gz$", "", name.lower())
