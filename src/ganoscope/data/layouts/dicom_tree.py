"""DICOM files in any folders: grouped into volumes by their headers, slices ordered by position.

A series is known by its own identifier and those of study and patient: anonymisers may write one series into all files.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from sys import intern

from pydicom import Dataset

from ganoscope.data.dicom import attributes
from ganoscope.data.dicom.dataset import HEADER_TAGS, digest_pixels, open_dataset, quiet
from ganoscope.data.dicom.stacks import Plane, number_positions, read_plane, split
from ganoscope.data.file_limits import start_bounds
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers._content import tell_format
from ganoscope.data.readers.dicom import SUFFIXES
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.image_sequences import compile_series
from ganoscope.data.source.sorted_series import sort_series
from ganoscope.data.source.walk import Found, find_table_fault, is_directory_file, scan, walk_files
from ganoscope.data.source.walk import find_fault as find_file_fault
from ganoscope.errors import write_count
from ganoscope.files import escape_unprintable
from ganoscope.parallel import map_in_order
from ganoscope.parallel.one_process import ProcessEndedError, call_alone, ending_process
from ganoscope.progress import CONSOLE

RANK = 1
LOOKED_AT = 50
"""Number of files, spread over the source, that decide whether it is a DICOM tree."""

OTHER_SERIES = "its series was not asked for"
COPY = "an exact copy of another slice of its series"
NOWHERE = Plane()


@dataclass(frozen=True, slots=True)
class Slice:
    """What is kept of one file until all are read; it must stay small.

    Attributes:
        path: File.
        modality: DICOM code.
        patient: Patient id.
        study: StudyInstanceUID.
        plane: What decides the volume that the slice belongs to.
        location: SliceLocation, as a fallback for the position; None if unknown.
        instance: Instance number, which need not follow the position; None if unknown.
        fault: Reason why the file can't be used, or "".
    """

    path: str
    modality: str = ""
    patient: str = ""
    study: str = ""
    plane: Plane = NOWHERE
    location: float | None = None
    instance: float | None = None
    fault: str = ""


def matches(source: Path) -> bool:
    """Recognises sources in which most of the sampled files are DICOM."""
    paths = sample_paths(source) if source.is_dir() else []
    return 2 * sum(map(looks_like_dicom, paths)) > len(paths)


def sample_paths(source: Path) -> list[str]:
    """Returns the paths of about `LOOKED_AT` files, evenly spread, in constant memory."""
    paths: list[str] = []
    step = 1
    root = os.path.realpath(source)
    for index, (entry, _) in enumerate(scan(source)):
        if index % step == 0 and not is_directory_file(entry.name) and not find_file_fault(entry, root):
            paths.append(entry.path)
        if len(paths) > LOOKED_AT:
            paths, step = paths[::2], 2 * step
    return paths


def looks_like_dicom(path: str) -> bool:
    """Tells whether a file is DICOM by its content; a damaged one, which shows no format at all, by its suffix."""
    try:
        format_of_content = tell_format(Path(path))
    except OSError:
        return False
    return format_of_content == ".dcm" or (not format_of_content and path.lower().endswith(SUFFIXES))


def list_images(source: Path, options: ReadOptions) -> Listed:
    """Returns one entry per series, in the order of their first files, with class and split from its folders.

    Raises:
        UserError: `only_series` is not a valid regular expression, or `levels` does not fit the folders.
        OSError: A folder can't be listed: its images must not be dropped silently.
    """
    return sort_series(source, list_series(source, options), options.levels)


def list_series(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields one entry per volume, in the order of their first files; a file without a series is an entry of its own.

    Files that are not DICOM or unreadable are entries without fault: reading them will give the reason. Series that
    were not requested, and localizers, are entries with a fault: no file is dropped silently.

    Raises:
        UserError: `only_series` is not a valid regular expression.
        OSError: A folder can't be listed: its images must not be dropped silently.
    """
    read = partial(read_slice, wanted=compile_series(options.only_series), options=options)
    files = (found for found in walk_files(source) if not is_directory_file(found.path.name))
    series: dict[tuple[str, ...], list[Slice]] = {}
    with ending_process():
        headers = map_in_order(read, files, batch=32, rescue=partial(rescue_slice, read=read))
        for index, (key, entry) in enumerate(headers):
            kept = replace(entry, patient=intern(entry.patient), study=intern(entry.study))
            series.setdefault(key or (f"file {index}",), []).append(kept)
    tell_shared_series(series)
    for key in list(series):
        kin = hashlib.sha256("\n".join(key).encode("utf-8", "replace")).hexdigest()[:16] if len(key) > 1 else ""
        yield from make_entries(source, series.pop(key), kin)


def tell_shared_series(keys: Iterable[tuple[str, ...]]) -> None:
    """Says how many patients share a SeriesInstanceUID with others, as careless anonymisers leave it."""
    patients: dict[str, set[str]] = {}
    for uid, patient in (key for key in keys if len(key) > 1):
        patients.setdefault(uid, set()).add(patient)
    shared = sum(len(several) for several in patients.values() if len(several) > 1)
    if shared:
        CONSOLE.print(
            f"{write_count(shared, 'patient')} share a SeriesInstanceUID with others, which belongs to one series by "
            "the standard: series are told apart by PatientID as well"
        )


def read_slice(found: Found, wanted: re.Pattern[str], options: ReadOptions) -> tuple[tuple[str, ...], Slice]:
    """Returns series and patient, and the other header data of one file; () if the file is a series of its own.

    Args:
        found: File, with a fault if its name already shows one.
        wanted: Pattern that the series description must match.
        options: Reading options, such as the requested modality.
    """
    if fault := found.fault or find_table_fault(found):
        return (), Slice(str(found.path), fault=fault)
    try:
        with start_bounds(found.path, options).holding():
            return read_sound_slice(found, wanted, options)
    except Exception:  # reading the file will give the reason
        return (), Slice(str(found.path))


def rescue_slice(found: Found, read: Callable[[Found], tuple[tuple[str, ...], Slice]]) -> tuple[tuple[str, ...], Slice]:
    """Returns the same as `read_slice` for a file that may have ended a process; a file that does so has a fault.

    Args:
        found: File.
        read: Function that reads its header.
    """
    try:
        return call_alone(read, found)
    except ProcessEndedError as error:
        return (), Slice(str(found.path), fault=f"reading it ended the process ({error})")


def read_sound_slice(found: Found, wanted: re.Pattern[str], options: ReadOptions) -> tuple[tuple[str, ...], Slice]:
    """Returns the same as `read_slice`; raises anything where the header is damaged.

    Args:
        found: File.
        wanted: Pattern that the series description must match.
        options: Reading options.
    """
    header = open_dataset(found.path, HEADER_TAGS, stop_before_pixels=True)
    with quiet():
        uid = attributes.get_text(header, "SeriesInstanceUID")
        patient = attributes.read_patient(header)
        alone = not uid or attributes.get_numbers(header, "NumberOfFrames", 1) > (1.0,)
        location, instance = (attributes.get_numbers(header, name, 1) for name in ("SliceLocation", "InstanceNumber"))
        return () if alone else (uid, patient), Slice(
            str(found.path),
            attributes.read_modality(header),
            patient,
            attributes.get_text(header, "StudyInstanceUID"),
            read_plane(header),
            location[0] if location else None,
            instance[0] if instance else None,
            find_fault(header, wanted, options),
        )


def find_fault(header: Dataset, wanted: re.Pattern[str], options: ReadOptions) -> str:
    """Returns the reason why a file is not used; "" if it is.

    Args:
        header: Attributes of the file.
        wanted: Pattern that the series description must match.
        options: Reading options.
    """
    try:
        attributes.refuse_modality(attributes.read_modality(header), options.only_modality)
    except UnreadableError as error:
        return str(error)
    if not wanted.search(attributes.get_text(header, "SeriesDescription")):
        return OTHER_SERIES
    return attributes.LOCALIZER if attributes.is_localizer(header) else ""


def make_entries(source: Path, slices: list[Slice], kin: str) -> Iterator[SourceImage]:
    """Yields each volume of a series in order as one entry, after one entry per fault for unusable slices.

    Args:
        source: Source folder.
        slices: All slices of the series.
        kin: Key of the series.
    """
    copies = find_copies([entry for entry in slices if not entry.fault])
    slices = [replace(entry, fault=COPY) if entry.path in copies else entry for entry in slices]
    for fault in sorted({entry.fault for entry in slices} - {""}, reverse=True):
        chosen = [entry for entry in slices if entry.fault == fault]
        yield replace(make_entry(source, chosen), kin=kin, fault=fault)
    for usable in divide_by_study([entry for entry in slices if not entry.fault]):
        for stack in split([entry.plane for entry in usable]):
            chosen = [usable[index] for index in stack.members]
            entry = make_entry(source, chosen)
            yield replace(entry, kin=kin, told_by=", ".join(stack.told_by), fault=stack.fault)


def divide_by_study(slices: list[Slice]) -> Iterable[list[Slice]]:
    """Returns the slices of each study; all together where nearly every file bears a study of its own, by mistake."""
    studies: dict[str, list[Slice]] = {}
    for entry in slices:
        studies.setdefault(entry.study, []).append(entry)
    return [slices] if slices and 2 * len(studies) > len(slices) else studies.values()


def make_entry(source: Path, slices: list[Slice]) -> SourceImage:
    """Returns slices, in order, as one entry."""
    order, ordered = order_slices(slices)
    first = ordered[0]
    name = "/".join(escape_unprintable(part) for part in Path(first.path).relative_to(source).parts)
    paths = tuple(Path(entry.path) for entry in ordered)
    return SourceImage(paths, name, patient=first.patient, modality=first.modality, order=order)


def order_slices(slices: list[Slice]) -> tuple[str, list[Slice]]:
    """Returns what orders slices, and the slices in that order: position, else location, else number, else path."""
    choices = {
        "position": [entry.plane.position_mm for entry in slices],
        "SliceLocation": [entry.location for entry in slices],
        "InstanceNumber": [entry.instance for entry in slices],
    }
    for name, places in choices.items():
        if None not in places and (name == "position" or len(set(places)) == len(places)):
            ordered = sorted(zip(places, slices, strict=True), key=lambda pair: (pair[0] or 0.0, pair[1].path))
            return name, [entry for _, entry in ordered]
    return "", sorted(slices, key=lambda entry: (entry.instance or 0.0, entry.path))


def find_copies(slices: list[Slice]) -> set[str]:
    """Returns the paths of slices whose pixels and position another slice of the series has, except the first of each.

    Dates, identifiers and everything else in the header may differ. Only slices that share a position are read.
    """
    slots = number_positions([entry.plane.position_mm for entry in slices])
    count = Counter(slots)
    shared = [(slot, entry) for slot, entry in zip(slots, slices, strict=True) if slot is not None and count[slot] > 1]
    with ending_process():
        digests = list(map_in_order(digest_pixels, [Path(entry.path) for _, entry in shared], rescue=rescue_digest))
    seen: dict[tuple[object, ...], str] = {}
    for (slot, entry), digest in zip(shared, digests, strict=True):
        seen.setdefault((slot, entry.plane.cosines, digest or entry.path), entry.path)
    return {entry.path for _, entry in shared} - set(seen.values())


def rescue_digest(path: Path) -> str:
    """Returns the digest of a file that may have ended a process; "" for one that does so."""
    try:
        return call_alone(digest_pixels, path)
    except ProcessEndedError:  # reading the file will give the reason
        return ""
