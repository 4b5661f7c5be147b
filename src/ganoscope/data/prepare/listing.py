"""Writes the entries found by a layout to a file, since a list of a hundred thousand files must not stay in memory.

The file is in the private folder of the unfinished store and is removed with it: it holds names and patient ids.

"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import islice
from pathlib import Path
from re import Pattern

from ganoscope.data.layouts import Layout
from ganoscope.data.levels.mask_names import OF_ANATOMY, OF_FINDINGS
from ganoscope.data.levels.stated import AS_STATED
from ganoscope.data.masks.stated_masks import attach_stated
from ganoscope.data.patients import PatientRule, PatternCounter, RepeatedIds
from ganoscope.data.person_names import refuse_person_labels
from ganoscope.data.picture import ReadOptions
from ganoscope.data.prepare.facts.table_details import TableDetails
from ganoscope.data.prepare.idle_options import name_format
from ganoscope.data.readers import readers
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.image_sequences import SequenceWatch
from ganoscope.data.source.named_classes import NamedClasses
from ganoscope.data.tables.split_lists import find_split_lists
from ganoscope.errors import UserError
from ganoscope.files import remove
from ganoscope.progress import CONSOLE

NO_DETAILS = TableDetails()
FIELDS = tuple(field.name for field in fields(SourceImage))


@dataclass(frozen=True)
class Listing:
    """A list of entries in a file.

    Attributes:
        path: File with one entry per line.
        entries: Number of entries.
        files: Number of source files over all entries.
        size: Total size of the source files in bytes.
        digest: SHA-256 of the entries and of the sizes and times of the files; it changes with the source.
        rule: How patient ids are read from the files: the stated pattern, or a built-in one that matches; or None.
        formats: Names of the readers that the files need.
        labels: All classes that are stated.
        several_patients: Whether the source bears several patient ids, in files that are not taken as well.
        patient_levels: What could be stated with `--levels` to name the patients; None if nobody looked.
    """

    path: Path
    entries: int
    files: int
    size: int
    digest: str
    rule: PatientRule | None
    formats: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    several_patients: bool = False
    patient_levels: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the listing: what to read, and the number of its first file among all files."""

    number: int
    image: SourceImage


def refuse_source(source: Path) -> None:
    """Refuses a source that is not a folder.

    Raises:
        UserError: The source does not exist, or is a file.
    """
    if not source.exists():
        raise UserError(f"source {source} does not exist. Check the path; it is read from {Path.cwd()}.")
    if not source.is_dir():
        raise UserError(f"source {source} is a file; allowed: a folder of images. Unpack archives first.")


def list_source(
    source: Path,
    layout: Layout,
    options: ReadOptions,
    folder: Path,
    ids: tuple[Pattern[str] | None, TableDetails] = (None, NO_DETAILS),
) -> Listing:
    """Returns the listing of a source, written to the folder of an unfinished store.

    Args:
        source: Folder to read.
        layout: Layout of the source.
        options: How files are read.
        folder: Unfinished store; removed if the source is empty.
        ids: Pattern for patient ids that the user stated, and what tables without classes say.

    Raises:
        UserError: The source holds no files, its folders can be read in two ways, stated masks do not fit, its classes
            are named like persons, or no name matches the pattern of classes.
    """
    images = layout.list_images(source, options)
    understood, levels = list_lines(images, options), images.patient_levels if isinstance(images, Listed) else None
    guessed = [line for line in understood if line.startswith((OF_FINDINGS, OF_ANATOMY))]
    for line in understood:
        if line not in guessed:
            CONSOLE.print(line)
    images, lines = attach_stated(source, images, partial(layout.list_images, source, options), options, guessed)
    stated, details = ids
    lists, watch = find_split_lists(source), SequenceWatch(source, options.only_series)
    names = NamedClasses(options.class_pattern)
    for line in (*lines, *details.tell(), *lists.lines):
        CONSOLE.print(line)
    repeated = RepeatedIds()
    images = names.pass_on(details.apply(source, lists.apply(source, images), options.levels))
    images = show_names(watch.pass_on(images), repeated)
    listing = replace(spool(images, folder / "listing.jsonl", stated), patient_levels=levels)
    for line in (*watch.tell(), *(repeated.tell() if listing.rule is None else ())):
        CONSOLE.print(line)
    if not listing.files:
        remove(folder)
        raise UserError(f"source {source} holds no files; allowed: a folder with {', '.join(readers())} images.")
    try:
        refuse_person_labels(listing.labels)
        for line in names.tell():
            CONSOLE.print(line)
    except UserError:
        remove(folder)
        raise
    return listing


def show_names(images: Iterable[SourceImage], ids: RepeatedIds) -> Iterator[SourceImage]:
    """Yields entries, and shows the names of the usable ones to the search for ids."""
    for image in images:
        if not image.fault:
            ids.add(image.name, image.patient)
        yield image


def list_lines(images: Iterable[SourceImage], options: ReadOptions) -> Sequence[str]:
    """Returns what a layout understood of the folders; if it does not read them, that a statement on them is idle."""
    lines = list(images.lines) if isinstance(images, Listed) else []
    if options.levels and not any(line.startswith(AS_STATED) for line in lines):
        lines.append("--levels had no effect: this layout does not take classes from folders.")
    return lines


def spool(images: Iterable[SourceImage], path: Path, stated: Pattern[str] | None = None) -> Listing:
    """Writes entries to a file and returns the listing.

    Args:
        images: Entries found by a layout.
        path: File to write.
        stated: Pattern for patient ids that the user stated.
    """
    digest, counter, entries, files, size = hashlib.sha256(), PatternCounter(stated), 0, 0, 0
    formats, labels, patients = set[str](), set[str](), set[str]()
    with path.open("w", encoding="ascii") as file:
        for image in images:
            line = json.dumps({"number": files, **{name: getattr(image, name) for name in FIELDS}}, default=os.fspath)
            file.write(f"{line}\n")
            digest.update(line.encode())
            for source in image.paths:
                length, state = describe_state(source)
                digest.update(state)
                size += length
            labels |= {image.label} - {""}
            if len(patients) < 2:
                patients |= {image.patient} - {""}
            if not image.fault:
                counter.add(image.name, image.patient)
                formats.add(name_format(image.name))
            files += len(image.paths)
            entries += 1
    rule, found = counter.recognise(), (frozenset(formats), frozenset(labels))
    return Listing(path, entries, files, size, digest.hexdigest(), rule, *found, len(patients) > 1)


def describe_state(path: Path) -> tuple[int, bytes]:
    """Returns the size of a file in bytes, and its size and time as bytes; 0 and `missing` for a missing file."""
    try:
        state = path.stat()
    except OSError:
        return 0, b"missing"
    return state.st_size, f"{state.st_size} {state.st_mtime_ns}".encode()


def iterate(path: Path, skip: int = 0) -> Iterator[str]:
    """Yields the lines of a listing, without the first `skip`."""
    with path.open(encoding="ascii") as file:
        yield from islice(file, skip, None)


def parse(line: str) -> Entry:
    """Returns the entry in a line of a listing."""
    fields = json.loads(line)
    paths = tuple(Path(name) for name in fields.pop("paths"))
    number = fields.pop("number")
    mask, anatomy = (tuple(map(Path, fields.pop(name))) for name in ("mask", "anatomy"))
    boxes = tuple(tuple(box) for box in fields.pop("boxes"))
    return Entry(number, SourceImage(paths=paths, mask=mask, anatomy=anatomy, boxes=boxes, **fields))
