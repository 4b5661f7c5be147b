"""DICOM files in any folders: gathered into series by their headers, slices in the order of their position."""

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
from ganoscope.data.layouts.folders import Found, scan, walk_files
from ganoscope.data.layouts.folders import find_fault as find_file_fault
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers import is_dicom, readers
from ganoscope.data.readers.dicom import SUFFIXES
from ganoscope.errors import UserError, describe
from ganoscope.files import escape_unprintable
from ganoscope.parallel import map_in_order

RANK = 1
LOOKED_AT = 50
"""Most files that decide whether a folder is a DICOM tree, spread over all of it."""

OTHER_SERIES = "its series was not asked for"


@dataclass(frozen=True, slots=True)
class Slice:
    """What has to be kept of one file until all are seen; it must stay small.

    Attributes:
        path: The file.
        modality: DICOM's code.
        patient: Patient id.
        position: In mm along the normal, None where unknown.
        instance: Number of the slice by its writer, which need not follow the position.
        fault: Why it can't be taken, or "".
    """

    path: str
    modality: str = ""
    patient: str = ""
    position: float | None = None
    instance: float = 0.0
    fault: str = ""


def matches(source: Path) -> bool:
    """Tells whether most of the files looked at are DICOM, by suffix or by mark."""
    paths = sample_paths(source) if source.is_dir() else []
    return 2 * sum(map(looks_like_dicom, paths)) > len(paths)


def sample_paths(source: Path) -> list[str]:
    """Returns the paths of some `LOOKED_AT` files, spread evenly; memory does not grow with the source."""
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
    """Tells whether a file is DICOM by its suffix or, where that is not another format's, by its mark."""
    name = path.lower()
    if name.endswith(SUFFIXES):
        return True
    if name.endswith(tuple(suffix for suffix in readers() if suffix)):
        return False
    try:
        return is_dicom(Path(path))
    except OSError:
        return False


def is_directory_file(name: str) -> bool:
    """Tells whether a file is the index of a medium, by the name that PS3.10 prescribes."""
    return name.upper() == "DICOMDIR"


def list_images(source: Path, options: ReadOptions) -> Iterator[SourceImage]:
    """Yields one entry per series, in the order in which their first files are met; a file of no series is one itself.

    Files that are no DICOM, or can't be read, are entries without fault: reading them will tell why. Series that were
    not asked for, and localizers, are entries with a fault: nothing goes missing in silence.

    Raises:
        UserError: `only_series` is no regular expression.
        OSError: A folder can't be listed: its images must not go missing in silence.
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
    """Returns the regular expression that series descriptions have to match."""
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        allowed = "a regular expression, such as lung|thorax"
        fault = f"--only-series is no regular expression ({error})"
        raise UserError(describe(fault, pattern, allowed, "Mend it, or escape its signs with a backslash.")) from None


def read_slice(found: Found, wanted: re.Pattern[str], options: ReadOptions) -> tuple[str, Slice]:
    """Returns (UID of the series, what else the header of one file says); no UID where a file is a series of its own.

    Args:
        found: The file, and why it can't be taken, by its name alone.
        wanted: What the series' description has to match.
        options: Says which modality is wanted.
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
    """Returns why a file is not taken, "" where it is."""
    try:
        attributes.refuse_modality(attributes.read_modality(header), options.only_modality)
    except UnreadableError as error:
        return str(error)
    if not wanted.search(attributes.get_text(header, "SeriesDescription")):
        return OTHER_SERIES
    return attributes.LOCALIZER if attributes.is_localizer(header) else ""


def make_entries(source: Path, slices: list[Slice]) -> Iterator[SourceImage]:
    """Yields a series' slices in order as one entry, after one for those of them that have a fault."""
    for fault in sorted({entry.fault for entry in slices}, reverse=True):
        chosen = [entry for entry in slices if entry.fault == fault]
        chosen.sort(key=order_slices(chosen))
        first = chosen[0]
        name = "/".join(escape_unprintable(part) for part in Path(first.path).relative_to(source).parts)
        paths = tuple(Path(entry.path) for entry in chosen)
        yield SourceImage(paths, name, patient=first.patient, modality=first.modality, fault=fault)


def order_slices(slices: list[Slice]) -> Callable[[Slice], tuple[float, str]]:
    """Returns what slices are sorted by: their position where all have one, else their number; the name breaks ties."""
    if all(entry.position is not None for entry in slices):
        return lambda entry: (entry.position or 0.0, entry.path)
    return lambda entry: (entry.instance, entry.path)
