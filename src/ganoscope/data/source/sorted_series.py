"""Classes, splits and masks of series from the folders that they were sorted into.

Folders of DICOM files are mostly those of patients, studies and series. They are classes where their names speak of
health or disease, where each of a few holds several patients, or where the user states it.

"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ganoscope.data.levels.interpretation import FoundReading, Reading
from ganoscope.data.levels.roles import find_class
from ganoscope.data.levels.stated import Place
from ganoscope.data.levels.words import is_diagnosis
from ganoscope.data.source.class_folders import check_labels
from ganoscope.data.source.entries import Listed, SourceImage
from ganoscope.data.source.patient_levels import find_patient_levels
from ganoscope.data.source.series_masks import list_folders_above, set_masks_apart, take
from ganoscope.data.source.understood import understand

MOST_CLASSES = 10
"""Largest number of folders that are classes although their names say nothing of disease."""
PATIENTS_EACH = 2
"""Number of patients in each such folder, at least."""
NOT_CLASSES = "names of folders were not taken as classes, since patients or series may be meant: --levels states it"


def sort_series(source: Path, series: Iterable[SourceImage], levels: str) -> Listed:
    """Returns series with class and split from their folders; a series in folders of two classes becomes two entries.

    Args:
        source: Source folder.
        series: Entries without class and split.
        levels: The user's `--levels`; "" if the folders are to be understood from their names.

    Raises:
        UserError: `levels` does not fit the folders.
    """
    understood = understand(source, levels, strict=False)
    reading = understood.reading
    entries, masks, lines = set_masks_apart(source, series, understood.masks)
    if isinstance(reading, FoundReading) and states_class(reading) and not holds_classes(source, entries, reading):
        reading, lines = without_class(reading), [NOT_CLASSES, *lines]
    images = chain((image for entry in entries for image in divide(source, entry, reading, bool(levels))), masks)
    headers = all(entry.patient for entry in entries if not entry.fault)
    roles = levels.split("/") if levels else reading.state().split("/") if isinstance(reading, FoundReading) else ()
    could = find_patient_levels(source, entries, roles)
    if headers and isinstance(reading, FoundReading):
        if not says_anything(source, entries, reading):
            return Listed(check_labels(source, images), lines, could)  # nothing of the folders is used
        told = replace(reading, roles=replace(reading.roles, patient=-1))  # the headers tell the patients
        return Listed(check_labels(source, images), [*told.tell(), *lines], could)
    return Listed(check_labels(source, images), [*reading.tell(), *lines], could)


def says_anything(source: Path, entries: Iterable[SourceImage], reading: Reading) -> bool:
    """Tells whether the folders give a class, a split, or a patient where the header holds the folder's name.

    Args:
        source: Source folder.
        entries: Series with the patients in their headers.
        reading: What the folders seem to mean.
    """
    for folders, patient in {(list_folders_above(source, path), one.patient) for one in entries for path in one.paths}:
        place = reading.place(folders)
        if place.label or place.split or (patient in folders and place.patient != patient):
            return True
    return False


def states_class(reading: FoundReading) -> bool:
    """Tells whether some level was taken for the class, or could be."""
    return reading.roles.label >= 0 or reading.roles.named


def without_class(reading: FoundReading) -> FoundReading:
    """Returns the same reading without a class."""
    return replace(reading, roles=replace(reading.roles, label=-1, named=False, doubt=""))


def holds_classes(source: Path, entries: Iterable[SourceImage], reading: FoundReading) -> bool:
    """Tells whether the folders taken for classes are some: by their names, or by the patients in them.

    Args:
        source: Source folder.
        entries: Series with the patients in their headers.
        reading: What the folders seem to mean.
    """
    if reading.roles.doubt:
        return False
    patients: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for path in entry.paths:
            patients[reading.place(list_folders_above(source, path)).label].add(entry.patient)
    labels = patients.keys() - {""}
    if 2 * sum(map(is_diagnosis, labels)) >= len(labels):
        return True
    several = all(len(patients[label] - {""}) >= PATIENTS_EACH for label in labels)
    return several and 1 < len(labels) <= MOST_CLASSES and not is_below_patients(reading)


def is_below_patients(reading: FoundReading) -> bool:
    """Tells whether a folder of a patient or study lies above a class."""
    for shape in reading.found.files:
        index = find_class(shape, reading.roles)
        if any(look.kind in ("patient", "study", "series") for look in shape[: max(index, 0)]):
            return True
    return False


def divide(source: Path, entry: SourceImage, reading: Reading, stated: bool) -> Iterator[SourceImage]:
    """Yields an entry with what its folders say, in parts if they say different things.

    Args:
        source: Source folder.
        entry: Series as its headers describe it.
        reading: What the folders mean.
        stated: Whether the user states it, so that it goes before the patient id in the header.
    """
    parts: dict[Place, list[Path]] = defaultdict(list)
    for path in entry.paths:
        folders = list_folders_above(source, path)
        place = reading.place(folders)
        known = entry.patient and entry.patient not in folders  # a header may hold the whole name of the folder
        patient = "" if known and not stated else place.patient
        parts[place._replace(patient=patient or entry.patient)].append(path)
    for place, paths in parts.items():
        part = take(source, entry, tuple(paths))
        yield replace(part, label=place.label, split=place.split, patient=place.patient)
