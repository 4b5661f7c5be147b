"""The last part of `prepare`: groups, splits, manifest, alarms; then the private files go, and the store is one."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import save_alarms
from ganoscope.data.intensity import DTYPE_OF_UNIT, SCALED_UNIT, IntensityMap, parse_window
from ganoscope.data.patients import make_pseudonym
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.grouping import Columns, group, save_duplicates
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.key import save_key
from ganoscope.data.soundness import find_alarms
from ganoscope.data.splits import Fractions, make_splits
from ganoscope.data.store import COLUMNS, QUARANTINE_COLUMNS, Store, StoreWriter
from ganoscope.files import save_csv

PRIVATE_FILES = ("listing.jsonl", "rows.csv", "rejected.csv", "thumbnails.bin", "progress.json", "plan.json")
BLOCK = 1024


def finish(ingest: Ingest, config: PrepareConfig, layout: str, salt: bytes) -> None:
    """Groups and splits what was taken, and writes everything that a store has, and `key.csv`, which it has not."""
    writer, folder = ingest.close(), ingest.folder
    columns, ids = read_columns(folder)
    groups, duplicates = group(columns, folder / "thumbnails.bin")
    fractions = Fractions(config.validation, config.test)
    splits = make_splits(groups, columns.label, columns.source_split, fractions, config.seed)
    save_duplicates(folder / "duplicates.csv", duplicates, ids, columns)
    pseudonyms = write_manifest(folder, ids, groups, splits, salt)
    rejected = list_rejected(folder)
    save_csv(folder / "quarantine.csv", QUARANTINE_COLUMNS, rejected)
    if not ingest.has_series:
        (folder / "series.csv").unlink(missing_ok=True)
    save_key(folder, pseudonyms)
    writer.flush()
    intensity = make_intensity(folder, ingest.unit, config.window, writer)
    prepared = {**asdict(config), "layout": layout, "ganoscope": version("ganoscope")}
    writer.finish(config.name or layout, intensity, find_modality(folder), prepared)
    save_alarms(folder / "alarms.json", find_alarms(Store.open(folder), count_conflicts(folder)))


def read_rows(folder: Path) -> Iterator[dict[str, str]]:
    """Yields the provisional rows."""
    with (folder / "rows.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        yield from csv.DictReader(file)


def read_columns(folder: Path) -> tuple[Columns, NDArray[np.str_]]:
    """Returns what grouping needs, as numbers, and an id for every image, in one pass over the rows."""
    persons, volumes, contents, copies = (Numbering() for _ in range(4))
    numbers: list[tuple[int, int, int]] = []
    labels: list[str] = []
    splits: list[str] = []
    ids: list[str] = []
    for row in read_rows(folder):
        alone = row["number"] if row["together"] == "1" else f"{row['number']} {row['frame']}"
        content = f"{row['source_sha256']} {row['frame']}"
        person = persons.number(row["person"]) if row["person"] else -1
        numbers.append((person, volumes.number(row["series"] or alone), contents.number(content)))
        labels.append(row["label"])
        splits.append(row["source_split"])
        start = row["source_sha256"][:12] + (f"-f{row['frame']}" if row["frame"] != "0" else "")
        copy = copies.count(start)
        ids.append(f"{start}-{copy}" if copy else start)
    patient, volume, content_numbers = np.array(numbers, np.int64).T
    label = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    return Columns(patient, volume, content_numbers, label, np.array(splits, np.str_)), np.array(ids, np.str_)


class Numbering:
    """Numbers for values, from 0 in the order of their first appearance."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def number(self, value: str) -> int:
        """Returns the value's number."""
        return self._seen.setdefault(value, len(self._seen))

    def count(self, value: str) -> int:
        """Returns how often the value came before."""
        self._seen[value] = self._seen.get(value, -1) + 1
        return self._seen[value]


def write_manifest(
    folder: Path, ids: NDArray[np.str_], groups: NDArray[np.int32], splits: NDArray[np.str_], salt: bytes
) -> dict[str, str]:
    """Writes the manifest, in which pseudonyms stand for patients, and returns them by patient id."""
    pseudonyms: dict[str, str] = {"": ""}
    folders: dict[str, str] = {}

    def complete() -> Iterator[dict[str, object]]:
        for row, sample_id, member_of, split in zip(read_rows(folder), ids, groups, splits, strict=True):
            person = row["person"]
            pseudonyms.setdefault(person, make_pseudonym(person, salt))
            where = folders.setdefault(row["taken_from"], f"folder-{len(folders):03d}")
            final = {
                "sample_id": sample_id,
                "patient": pseudonyms[person],
                "group": f"group-{member_of:06d}",
                "split": split,
                "folder": where,
            }
            yield {name: value for name, value in {**row, **final}.items() if name in COLUMNS}

    save_csv(folder / "manifest.csv", COLUMNS, complete())
    return pseudonyms


def list_rejected(folder: Path) -> Iterator[dict[str, str]]:
    """Yields the files that were not taken, by number."""
    with (folder / "rejected.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        for row in csv.DictReader(file):
            yield {"source": f"file-{int(row['number']):07d}", "reason": row["reason"]}


def count_conflicts(folder: Path) -> int:
    """Returns how many patient ids belong to two persons, by what else their files say about them."""
    checks: dict[str, str] = {}
    conflicts = set()
    for row in read_rows(folder):
        if row["person"] and row["check"] and checks.setdefault(row["person"], row["check"]) != row["check"]:
            conflicts.add(row["person"])
    return len(conflicts)


def find_modality(folder: Path) -> str:
    """Returns the modality of all images, `mixed` where they differ, "" where none is known."""
    found = {row["modality"] for row in read_rows(folder)}
    return found.pop() if len(found) == 1 else "mixed"


def make_intensity(folder: Path, unit: str, window: str, writer: StoreWriter) -> IntensityMap:
    """Returns the map: the window for HU, all of 8 or scaled 16 bits, the range found for plain 16-bit grey."""
    dtype = DTYPE_OF_UNIT[unit]  # type: ignore[index]
    if unit == "HU":
        low, high = parse_window(window) or (-1024.0, 3071.0)
        return IntensityMap(low, high, unit, dtype)
    if unit == "grey 8 bit":
        return IntensityMap(0.0, 255.0, unit, dtype)
    scaled = any(row["raw_low"] for row in read_rows(folder))
    if scaled:
        return IntensityMap(0.0, 65535.0, SCALED_UNIT, dtype)
    pixels = writer.read()
    blocks = [pixels[at : at + BLOCK] for at in range(0, len(pixels), BLOCK)]
    return IntensityMap(
        float(min(block.min() for block in blocks)), float(max(block.max() for block in blocks)), unit, dtype
    )


def remove_private(folder: Path) -> None:
    """Removes everything that names a person or a file."""
    for name in PRIVATE_FILES:
        (folder / name).unlink(missing_ok=True)
