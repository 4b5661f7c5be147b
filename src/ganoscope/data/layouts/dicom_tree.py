"""DICOM files in any folders: grouped into series by their headers, slices ordered by position."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from sys import intern

from pydicom import Dataset

from ganoscope.data.dicom import attributes
from ganoscope.data.dicom.dataset import HEADER_TAGS, open_dataset, quiet
from ganoscope.data.layouts import SourceImage
from ganoscope.data.layouts._walk import Found, scan, walk_files
from ganoscope.data.layouts._walk import find_fault as find_file_fault
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers._content import tell_format
from ganoscope.data.readers.dicom import SUFFIXES
from ganoscope.errors import UserError, describe
from ganoscope.files import escape_unprintable
from ganoscope.parallel import map_in_order

RANK = 1
LOOKED_AT = 50
"""Number of files, spread over the source, that decide whether it is a DICOM tree."""

OTHER_SERIES = "its series was not asked for"


@dataclass(frozen=True, slots=True)
class Slice:
    """What is kept of one file until all are read; it must stay small.

    Attributes:
        path: File.
        modality: DICOM code.
        patient: Patient id.
        position: Position along the normal in mm; None if unknown.
        instance: Instance number, which need not follow the position.
        fault: Reason why the file can't be used, or "".
    """

    path: str
    modality: str = ""
    patient: str = ""
    position: float | None = None
    instance: float = 0.0
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


def is_directory_file(name: str) -> bool:
    """Tells whether a file is the directory of a medium, whose name PS3.10 prescribes."""
    return name.upper() == "DICOMDIR"


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields one entry per series, in the order of their first files; a file without a series is an entry of its own.

    Files that are not DICOM or unreadable are entries without fault: reading them will give the reason. Series that
    were not requested, and localizers, are entries with a fault: no file is dropped silently.

    Raises:
        UserError: `only_series` is not a valid regular expression.
        OSError: A folder can't be listed: its images must not be dropped silently.
    """
    read = partial(read_slice, wanted=compile_series(options.only_series), options=options)
    files = (found for found in walk_files(source) if not is_directory_file(found.path.name))
    series: dict[str, list[Slice]] = {}
    for index, (uid, entry) in enumerate(map_in_order(read, files, batch=32)):
        kept = replace(entry, patient=intern(entry.patient))
        series.setdefault(uid or f"file {index}", []).append(kept)
    for uid in list(series):
        yield from make_entries(source, series.pop(uid))


def compile_series(pattern: str) -> re.Pattern[str]:
    """Returns the regular expression that series descriptions must match.

    Raises:
        UserError: The pattern is not a valid regular expression.
    """
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        allowed = "a regular expression, such as lung|thorax"
        fault = f"--only-series is not a valid regular expression ({error})"
        remedy = "Correct it, or escape special characters with a backslash."
        raise UserError(describe(fault, pattern, allowed, remedy)) from None


def read_slice(found: Found, wanted: re.Pattern[str], options: ReadOptions) -> tuple[str, Slice]:
    """Returns the series UID and the other header data of one file; "" as UID if the file is a series of its own.

    Args:
        found: File, with a fault if its name already shows one.
        wanted: Pattern that the series description must match.
        options: Reading options, such as the requested modality.
    """
    try:
        header = None if found.fault else open_dataset(found.path, HEADER_TAGS, stop_before_pixels=True)
    except (UnreadableError, OSError):
        header = None
    if header is None:
        return "", Slice(str(found.path), fault=found.fault)
    with quiet():
        uid = attributes.get_text(header, "SeriesInstanceUID")
        if attributes.get_numbers(header, "NumberOfFrames", 1) > (1.0,):
            uid = ""
        instance = attributes.get_numbers(header, "InstanceNumber", 1)
        return uid, Slice(
            str(found.path),
            attributes.read_modality(header),
            attributes.read_patient(header),
            attributes.read_position(header),
            instance[0] if instance else 0.0,
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


def make_entries(source: Path, slices: list[Slice]) -> Iterator[SourceImage]:
    """Yields the slices of a series in order as one entry, after one entry per fault for unusable slices."""
    for fault in sorted({entry.fault for entry in slices}, reverse=True):
        chosen = [entry for entry in slices if entry.fault == fault]
        chosen.sort(key=order_slices(chosen))
        first = chosen[0]
        name = "/".join(escape_unprintable(part) for part in Path(first.path).relative_to(source).parts)
        paths = tuple(Path(entry.path) for entry in chosen)
        yield SourceImage(paths, name, patient=first.patient, modality=first.modality, fault=fault)


def order_slices(slices: list[Slice]) -> Callable[[Slice], tuple[float, str]]:
    """Returns the sort key of slices: position if all have one, else instance number; then path."""
    if all(entry.position is not None for entry in slices):
        return lambda entry: (entry.position or 0.0, entry.path)
    return lambda entry: (entry.instance, entry.path)
