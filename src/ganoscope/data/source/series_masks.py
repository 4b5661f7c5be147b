"""Masks beside DICOM series: they are no series, whatever their format; those of single files are attached.

A mask of one slice of a series of several files, and any mask in DICOM, is listed and not attached.

"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ganoscope.data.levels.mask_names import MaskIndex, read_context
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.understood import DICOM_MASK, LONE_MASK
from ganoscope.files import escape_unprintable

SLICE_MASK = "a mask of one slice of a series of several files; not attached"


def list_folders_above(source: Path, path: Path) -> tuple[str, ...]:
    """Returns the names of the folders above a file, from the source down."""
    return tuple(map(escape_unprintable, path.relative_to(source).parts[:-1]))


def take(source: Path, entry: SourceImage, paths: tuple[Path, ...]) -> SourceImage:
    """Returns some files of an entry as one of its own.

    Args:
        source: Source folder.
        entry: Series or file.
        paths: The files, in order.
    """
    name = "/".join(map(escape_unprintable, paths[0].relative_to(source).parts))
    return entry if paths == entry.paths else replace(entry, paths=paths, name=name)


def set_masks_apart(
    source: Path, entries: Iterable[SourceImage], masks: MaskIndex
) -> tuple[list[SourceImage], list[SourceImage], list[str]]:
    """Returns series with their masks, masks that are listed and not attached, and lines that tell what masks are.

    Args:
        source: Source folder.
        entries: Series, and files that are no DICOM.
        masks: Masks by their names; those that are not attached are taken out.
    """
    if not masks.paths:
        return list(entries), [], []
    pictures, drawn = [], []
    for entry in entries:
        found = find_drawn(source, entry, masks)
        others = tuple(path for path in entry.paths if path not in found)
        drawn += [take(source, entry, found)] if found else []
        pictures += [take(source, entry, others)] if others else []
    masks.leave_out({str(path) for entry in drawn if entry.modality for path in entry.paths})
    pictures = [attach(source, entry, masks) for entry in pictures]
    attached = {str(path) for entry in pictures for path in (*entry.mask, *entry.anatomy)}
    masks.masks = {key: [file for file in files if file.path in attached] for key, files in masks.masks.items()}
    listed = [
        replace(entry, fault=entry.fault or name_fault(str(entry.path), masks))
        for entry in drawn
        if str(entry.path) not in attached
    ]
    slices = sum(entry.fault == SLICE_MASK for entry in listed)
    lines = (
        [f"masks of single slices of series, listed in quarantine.csv and not attached: {slices:,}"] if slices else []
    )
    return pictures, listed, [*masks.tell(), *lines]


def find_drawn(source: Path, entry: SourceImage, masks: MaskIndex) -> tuple[Path, ...]:
    """Returns the files of an entry that are masks; of a series with one, all in folders of masks.

    Args:
        source: Source folder.
        entry: Series or file.
        masks: Masks by their names.
    """
    named = [path for path in entry.paths if str(path) in masks.paths]
    if not named or len(entry.paths) == 1:
        return tuple(named)
    return tuple(path for path in entry.paths if path in named or read_context(list_folders_above(source, path)).masked)


def attach(source: Path, entry: SourceImage, masks: MaskIndex) -> SourceImage:
    """Returns an entry with the masks of its only file; a series of several files has none.

    Args:
        source: Source folder.
        entry: Series or file.
        masks: Masks by their names.
    """
    if len(entry.paths) > 1:
        return entry
    found = masks.find(list_folders_above(source, entry.path), entry.path.name)
    findings, anatomy = (tuple(Path(mask.path) for mask in found if mask.finding == kind) for kind in (True, False))
    return replace(entry, mask=findings, anatomy=anatomy)


def name_fault(path: str, masks: MaskIndex) -> str:
    """Returns the reason why a mask is listed and not attached."""
    return DICOM_MASK if path in masks.dicom else LONE_MASK if path in masks.loose else SLICE_MASK
