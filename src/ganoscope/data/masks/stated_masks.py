"""Attaches the masks in folders that the user states to the pictures of a source, by their names.

A mask fits the picture whose name is the same apart from words such as `mask` or `image`; folders inside the folder of
masks must be those of the picture, where several pictures have the name. Where no name fits, the numbers in the names
decide, if each mask has a picture of its own by them. Files in these folders are no pictures.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ganoscope.data.levels.mask_names import list_stems, read_context, read_stem
from ganoscope.data.masks.label_maps import find_numbers, strip
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.understood import locate
from ganoscope.data.source.walk import walk_files
from ganoscope.errors import describe, refuse
from ganoscope.files import escape_unprintable

KINDS = {"mask": ("--masks", "findings"), "anatomy": ("--anatomy", "anatomy")}
"""Option, and what its masks outline, by field of an entry."""
WITHOUT_PICTURE = "a mask that fits no picture by its name"
EXAMPLES = 3

Stem = tuple[str, ...]
List = Callable[[], Iterable[SourceImage]]


@dataclass
class StatedMask:
    """A file in a folder of masks.

    Attributes:
        path: The file.
        name: Its path inside the folder of masks; safe in text files.
        field: Field of the entry that it belongs to.
        folders: Folders inside the folder of masks that tell sets and classes apart.
        stems: What it may share with its picture's name, the likeliest first.
        fault: Why it can't be used, or "".
        rank: How well it fits the pictures that it fits best: lower is better.
        fits: Names of these pictures, at most two.
    """

    path: Path
    name: str
    field: str
    folders: frozenset[str]
    stems: tuple[Stem, ...]
    fault: str = ""
    rank: tuple[int, bool] = (99, True)
    fits: tuple[str, ...] = ()

    def try_on(self, name: str, stem: Stem, folders: frozenset[str]) -> None:
        """Notes a picture that shares a stem with the mask.

        Args:
            name: Name of the picture.
            stem: The shared stem.
            folders: Folders above the picture.
        """
        rank = (self.stems.index(stem), not self.folders <= folders)
        if rank < self.rank:
            self.rank, self.fits = rank, (name,)
        elif rank == self.rank and name not in self.fits:
            self.fits = (*self.fits, name)[:2]


def attach_stated(
    source: Path, images: Iterable[SourceImage], list_images: List, options: ReadOptions, guessed: Sequence[str] = ()
) -> tuple[Iterable[SourceImage], list[str]]:
    """Returns the entries of a source with the stated masks attached, and lines that tell what masks are, and of what.

    Args:
        source: Source folder.
        images: The entries.
        list_images: Function that lists them once more, since the masks are fitted to all of them first.
        options: Options, with the folders of masks; without any, the entries are returned as they are.
        guessed: Lines that tell what masks were taken for by their names.

    Raises:
        UserError: A folder of masks does not exist, holds the source, or holds no mask that fits; or masks fit several
            pictures.
    """
    stated = {
        field: locate(source, folder)
        for field, folder in (("mask", options.masks), ("anatomy", options.anatomy))
        if folder
    }
    if not stated:
        return images, list(guessed)
    lines: list[str] = []
    folders = list(stated.values())
    for field, folder in list(stated.items()):
        if count := count_beside(folder, list_images()) if folder.is_dir() else 0:
            del stated[field]
            list_images = partial(relabel, list_images, field, folder)
            images = list_images()
            lines.append(f"masks of {KINDS[field][1]}, as stated, beside the pictures in {folder}: {count:,}")
    lines = [*lines, *tell_others(list_images(), folders)] if lines else list(guessed)
    if not stated:
        return images, lines
    refuse(list(list_faults(source, stated)))
    roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in stated.values())  # noqa: PTH118
    masks = [mask for field, folder in stated.items() for mask in list_masks(folder, field)]
    names = fit_masks(masks, (image for image in images if not is_inside(image, roots)))
    numbered = fit_numbers(masks, (image for image in list_images() if not is_inside(image, roots)))
    refuse([*refuse_misfits(stated, masks, names), *refuse_doubtful(masks)])
    lines += [
        tell(field, folder, masks, "numbers" if field in numbered else "names") for field, folder in stated.items()
    ]
    return join(source, list_images, masks, roots), lines


def count_beside(folder: Path, images: Iterable[SourceImage]) -> int:
    """Returns how many masks a layout found in a folder, if their pictures lie in it, too; else 0.

    Args:
        folder: Stated folder of masks.
        images: Entries of the source.
    """
    roots = (os.path.join(os.path.realpath(folder), ""),)  # noqa: PTH118
    masks: set[Path] = set()
    for image in images:
        found = (*image.mask, *image.anatomy)
        if found and is_inside(image, roots):
            masks.update(path for path in found if os.path.realpath(path).startswith(roots))
    return len(masks)


def tell_others(images: Iterable[SourceImage], folders: Iterable[Path]) -> Iterator[str]:
    """Yields lines that tell what the masks are that a layout found outside the stated folders.

    Args:
        images: Entries of the source.
        folders: Stated folders of masks.
    """
    roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in folders)  # noqa: PTH118
    others: dict[str, set[Path]] = {field: set() for field in KINDS}
    for image in images:
        for field, paths in others.items():
            paths.update(path for path in getattr(image, field) if not os.path.realpath(path).startswith(roots))
    for field, paths in others.items():
        if paths:
            yield f"other masks, taken as those of {KINDS[field][1]}: {len(paths):,}"


def relabel(list_images: List, field: str, folder: Path) -> Iterator[SourceImage]:
    """Yields the entries with the masks that a layout found in a folder as those of one kind.

    Args:
        list_images: Function that lists the entries.
        field: Field of the kind.
        folder: The folder.
    """
    root = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118
    other = next(name for name in KINDS if name != field)
    for image in list_images():
        moved = [path for path in getattr(image, other) if os.path.realpath(path).startswith(root)]
        kept = tuple(path for path in getattr(image, other) if path not in moved)
        masks, anatomy = (*getattr(image, field), *moved), kept
        if field == "anatomy":
            masks, anatomy = anatomy, masks
        yield replace(image, mask=masks, anatomy=anatomy) if moved else image


def list_faults(source: Path, stated: Mapping[str, Path]) -> Iterator[str]:
    """Yields what is wrong with the folders of masks themselves.

    Args:
        source: Source folder.
        stated: Folders of masks by field.
    """
    for field, folder in stated.items():
        option, _ = KINDS[field]
        if not folder.is_dir():
            yield describe(f"{option} is no folder", folder, "a folder of masks", "Check the path.")
        elif source.resolve().is_relative_to(folder.resolve()):
            allowed = "a folder that holds nothing but masks"
            yield describe(f"{option} holds the source itself", folder, allowed, "Put the masks into a folder apart.")
    if len({folder.resolve() for folder in stated.values()}) < len(stated):
        yield "--masks and --anatomy name one folder; allowed: one for findings, another one for anatomy."


def list_masks(folder: Path, field: str) -> Iterator[StatedMask]:
    """Yields the files in a folder of masks.

    Args:
        folder: The folder.
        field: Field of the entries that they belong to.
    """
    for found in walk_files(folder):
        shared = frozenset(read_context(found.folders).folders)
        yield StatedMask(found.path, found.name, field, shared, list_stems(found.path.name), found.fault)


def fit_masks(masks: Sequence[StatedMask], images: Iterable[SourceImage]) -> list[str]:
    """Notes for every mask the pictures that it fits, and returns the names of some pictures as examples."""
    by_stem: dict[Stem, list[StatedMask]] = {}
    for mask in masks:
        for stem in mask.stems if not mask.fault else ():
            by_stem.setdefault(stem, []).append(mask)
    examples: list[str] = []
    for image in images:
        *folders, name = image.name.split("/")
        if len(examples) < EXAMPLES and not image.fault:
            examples.append(image.name)
        if len(image.paths) == 1:
            stem, above = read_stem(name), frozenset(read_context(tuple(folders)).folders)
            for mask in by_stem.get(stem, ()):
                mask.try_on(image.name, stem, above)
    return examples


def fit_numbers(masks: Sequence[StatedMask], images: Iterable[SourceImage]) -> set[str]:
    """Notes for the masks of folders of which no name fits the picture of the same numbers; all have one, or none.

    Args:
        masks: Masks, with the pictures that they fit by their names.
        images: Entries of the source.

    Returns:
        Fields of these folders.
    """
    lacking = {mask.field for mask in masks} - {mask.field for mask in masks if mask.fits}
    pictures: dict[tuple[int, ...], list[tuple[str, frozenset[str]]]] = {}
    for image in images if lacking else ():
        *folders, name = image.name.split("/")
        if (numbers := find_numbers(strip(name))) and len(image.paths) == 1 and not image.fault:
            pictures.setdefault(numbers, []).append((image.name, frozenset(read_context(tuple(folders)).folders)))
    fitted = set()
    for field in lacking:
        own = [mask for mask in masks if mask.field == field and not mask.fault]
        names = [choose_numbered(mask, pictures.get(find_numbers(strip(mask.path.name)), ())) for mask in own]
        places = {(name, mask.path.parent) for mask, name in zip(own, names, strict=True)}
        if own and all(names) and len(places) == len(own):
            fitted.add(field)
            for mask, name in zip(own, names, strict=True):
                mask.fits = (name,)
    return fitted


def choose_numbered(mask: StatedMask, pictures: Sequence[tuple[str, frozenset[str]]]) -> str:
    """Returns the name of the only picture, of those with the numbers of a mask, that may be its own; "" if none is.

    Args:
        mask: The mask.
        pictures: Name and folders of each picture.
    """
    fitting = pictures if len(pictures) == 1 else [each for each in pictures if mask.folders <= each[1]]
    return fitting[0][0] if len(fitting) == 1 else ""


def refuse_misfits(stated: Mapping[str, Path], masks: Sequence[StatedMask], names: Sequence[str]) -> Iterator[str]:
    """Yields a fault for each folder of masks of which no mask fits.

    Args:
        stated: Folders of masks by field.
        masks: Their files.
        names: Names of some pictures.
    """
    for field, folder in stated.items():
        own = [mask for mask in masks if mask.field == field]
        if any(mask.fits for mask in own):
            continue
        given = ", ".join(mask.name for mask in own[:EXAMPLES]) or "no file"
        yield describe(
            f"no file in {KINDS[field][0]} {folder} has the name of a picture",
            given,
            f"names like those of the pictures ({', '.join(names)}), with or without a word such as mask or seg, or "
            "with the same numbers, for every mask those of one picture",
            "Rename them, or list both in a manifest.csv with the columns path, label, mask (findings) and anatomy.",
        )


def refuse_doubtful(masks: Sequence[StatedMask]) -> Iterator[str]:
    """Yields a fault if masks fit several pictures equally well."""
    doubtful = [mask for mask in masks if len(mask.fits) > 1]
    if doubtful:
        shown = "; ".join(f"{mask.name} fits {' and '.join(mask.fits)}" for mask in doubtful[:EXAMPLES])
        yield describe(
            f"{len(doubtful):,} of {len(masks):,} masks fit several pictures",
            shown,
            "one picture for each mask",
            "Give the folder of masks the same folders as the pictures have.",
        )


def is_inside(image: SourceImage, roots: Sequence[str]) -> bool:
    """Tells whether an entry lies in one of the folders of masks, given by their real paths with a separator."""
    return any(os.path.realpath(image.path).startswith(root) for root in roots)


def join(source: Path, list_images: List, masks: Sequence[StatedMask], roots: Sequence[str]) -> Iterator[SourceImage]:
    """Yields the entries with their masks, then the masks inside the source that fit none.

    Args:
        source: Source folder.
        list_images: Function that lists the entries.
        masks: Masks, with the pictures that they fit.
        roots: Real paths of the folders of masks.
    """
    by_name: dict[str, list[StatedMask]] = {}
    for mask in masks:
        if mask.fits:
            by_name.setdefault(mask.fits[0], []).append(mask)
    for image in list_images():
        if not is_inside(image, roots):
            own = by_name.get(image.name, ())
            findings, anatomy = (choose_paths(image, field, own, roots) for field in KINDS)
            yield replace(image, mask=findings, anatomy=anatomy) if own else image
    root = source.resolve()
    for mask in masks:
        if not mask.fits and mask.path.resolve().is_relative_to(root):
            name = "/".join(map(escape_unprintable, mask.path.resolve().relative_to(root).parts))
            yield SourceImage((mask.path,), name, fault=mask.fault or WITHOUT_PICTURE)


def choose_paths(
    image: SourceImage, field: str, stated: Sequence[StatedMask], roots: Sequence[str]
) -> tuple[Path, ...]:
    """Returns the masks of one kind of an entry: the stated ones, and what a layout found outside their folders.

    Args:
        image: The entry.
        field: Field of the kind.
        stated: Stated masks of the entry, of both kinds.
        roots: Real paths of the folders of masks.
    """
    found: tuple[Path, ...] = getattr(image, field)
    kept = [path for path in found if not any(os.path.realpath(path).startswith(root) for root in roots)]
    return (*(mask.path for mask in stated if mask.field == field), *kept)


def tell(field: str, folder: Path, masks: Sequence[StatedMask], way: str) -> str:
    """Returns a line that tells how many masks of a folder fit.

    Args:
        field: Field of the kind.
        folder: Folder of masks.
        masks: All masks.
        way: What they fit by.
    """
    own = [mask for mask in masks if mask.field == field]
    fitting = sum(bool(mask.fits) for mask in own)
    return f"masks of {KINDS[field][1]} in {folder}: {fitting:,} of {len(own):,} fit a picture by their {way}"
