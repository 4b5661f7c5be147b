"""Reads the provisional rows of an unfinished store: columns for grouping, sample ids, facts about all images."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.store_tables import SourceFacts
from ganoscope.data.dicom.attributes import SHARED_IDS
from ganoscope.data.patients import find_placeholders, make_pseudonym
from ganoscope.data.prepare.facts.value_facts import ValueFacts
from ganoscope.data.prepare.grouping import Columns
from ganoscope.data.store.columns import DIGEST, ROWS, number, to_bytes
from ganoscope.files.tables import read_csv
from ganoscope.parallel import make_chunks


def read_rows(folder: Path) -> Iterator[dict[str, str]]:
    """Returns an iterator over the provisional rows of an unfinished store."""
    return read_csv(folder / "rows.csv", errors="surrogateescape")


def read_columns(folder: Path, pseudonyms: Mapping[str, str]) -> tuple[Columns, NDArray[np.bytes_]]:
    """Returns the columns needed for grouping, and the sample ids, shape (N,), in one pass over the rows.

    Args:
        folder: Unfinished store.
        pseudonyms: Pseudonym by patient id; "" for ids that are not used.
    """
    parts = [read_part(rows, pseudonyms) for rows in make_chunks(read_rows(folder), ROWS)]
    persons, volumes, contents, *others = (np.concatenate(part) for part in zip(*parts, strict=True))
    labels, splits, starts, shared_ids, stated = others
    patient = np.where(persons == b"", -1, number(persons))
    columns = Columns(
        patient, number(volumes), number(contents), number(labels).astype(np.int32), splits, shared_ids, stated
    )
    return columns, make_ids(starts)


def read_part(rows: list[dict[str, str]], pseudonyms: Mapping[str, str]) -> tuple[NDArray[Any], ...]:
    """Returns pseudonym, volume, content, label, source split, start of the sample id, shared identifiers, stated.

    Each has the shape (len(rows),), the identifiers (len(rows), 5).
    """
    return (
        to_bytes(pseudonyms[row["person"]] for row in rows),
        to_bytes(row["kin"] or f"{row['number']} {row['frame']}" for row in rows),
        to_bytes(f"{row['source_sha256'][-DIGEST:]} {row['frame']}" for row in rows),
        to_bytes(row["label"] for row in rows),
        np.array([row["source_split"] for row in rows], np.str_),
        to_bytes(row["source_sha256"][:12] + (f"-f{row['frame']}" if row["frame"] != "0" else "") for row in rows),
        np.array([read_ids(row["shared_ids"]) for row in rows], np.uint64),
        np.array([row["origin"] == "pattern" for row in rows], np.bool_),
    )


def read_ids(text: str) -> list[int]:
    """Returns the digests of shared identifiers as numbers, 0 for unknown ones.

    Example:
        >>> read_ids("00000000000000ff    "), read_ids("")
        ([255, 0, 0, 0, 0], [0, 0, 0, 0, 0])
    """
    return [int(digest or "0", 16) for digest in text.split(" ")] if text else [0] * len(SHARED_IDS)


def make_ids(starts: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    """Returns unique sample ids, shape (N,): repeated ones get a number.

    Example:
        >>> make_ids(np.array([b"a", b"b", b"a", b"a"])).tolist()
        [b'a', b'b', b'a-1', b'a-2']
    """
    order = np.argsort(starts, kind="stable")
    first = np.r_[True, starts[order[1:]] != starts[order[:-1]]]
    place = np.arange(len(starts))
    copies = np.empty(len(starts), np.int64)
    copies[order] = place - np.maximum.accumulate(np.where(first, place, 0))
    ends = np.array([b"-%d" % copy if copy else b"" for copy in copies.tolist()], np.bytes_)
    return np.strings.add(starts, ends)


@dataclass(frozen=True)
class Facts:
    """Facts about all images of an unfinished store.

    Attributes:
        modality: Modality of all images; `mixed` if they differ, "" if unknown.
        scaled: Whether pixels were scaled to 16 bits.
        pseudonyms: Pseudonym by patient id; "" for ids that are not used.
        persons: Number of patient ids that are used.
        many_frames: Whether any file holds several pictures.
        source_splits: Splits that the source states.
        source: Facts about the source that its checks need.
    """

    modality: str
    scaled: bool
    pseudonyms: Mapping[str, str]
    persons: int
    many_frames: bool
    source_splits: frozenset[str]
    source: SourceFacts


class PatientFacts:
    """Gathers, row by row, what is known of the patients.

    Attributes:
        conflicts: Patient ids whose files describe different persons.
        persons: Patient ids.
        matched: Number of images whose id was read by the user's pattern.
        uids: Number of images whose id is a UID of their own study.
    """

    def __init__(self) -> None:
        self.conflicts: set[str] = set()
        self.persons: set[str] = set()
        self.matched = self.uids = 0
        self._checks: dict[str, str] = {}
        self._images: Counter[str] = Counter()
        self._named: set[str] = set()
        self._entries: set[str] = set()

    def add(self, row: Mapping[str, str]) -> None:
        """Adds one provisional row."""
        person, header = row["person"], row["origin"] == "header"
        self.matched += row["origin"] == "pattern"
        if not person:
            return
        self.persons.add(person)
        if header:
            self._images[person] += 1
            self.uids += row["uid"] == "1"
            if len(self._entries) < 2:
                self._entries.add(row["series"] or row["number"])
        else:
            self._named.add(person)
        if row["check"] and self._checks.setdefault(person, row["check"]) != row["check"]:
            self.conflicts.add(person)

    def find_unusable(self, shared: set[str]) -> dict[str, int]:
        """Returns the ids in headers that can't be a person's, and a shared one, with their numbers of images."""
        found = find_placeholders(self._images) - self._named
        return {person: self._images[person] for person in found | shared}

    def find_shared(self) -> set[str]:
        """Returns the one id that the headers of all files bear; empty if there are several, or a single file."""
        return set(self._images) if len(self.persons) == 1 and len(self._entries) > 1 else set()


def read_facts(folder: Path, salt: bytes, stated: bool = False, several: bool = False) -> Facts:
    """Returns the facts about all images in one pass over the rows.

    Args:
        folder: Unfinished store.
        salt: Secret key of the pseudonyms.
        stated: Whether the user stated a pattern for patient ids.
        several: Whether the source bears several patient ids, so that one that all taken images share is a person's.
    """
    modalities, splits, scaled, many_frames, synthetic, images = set(), set(), False, False, 0, 0
    patients, values = PatientFacts(), ValueFacts()
    for row in read_rows(folder):
        images += 1
        modalities.add(row["modality"])
        scaled = scaled or bool(row["raw_low"])
        synthetic += row["synthetic"] == "1"
        splits.add(row["stated_split"])
        many_frames = many_frames or row["frame"] != "0"
        patients.add(row)
        values.add(row)
    shared = set() if several else patients.find_shared()
    unusable = patients.find_unusable(shared)
    source = SourceFacts(
        patient_conflicts=len(patients.conflicts - set(unusable)),
        synthetic=synthetic,
        shared_id_images=sum(unusable[person] for person in shared),
        placeholder_images=sum(count for person, count in unusable.items() if person not in shared),
        uid_images=patients.uids,
        unmatched_images=images - patients.matched if stated else 0,
        matched_images=patients.matched,
        **values.summarise(),
    )
    pseudonyms = {
        person: "" if person in unusable else make_pseudonym(person, salt) for person in ("", *patients.persons)
    }
    return Facts(
        modality=modalities.pop() if len(modalities) == 1 else "mixed",
        scaled=scaled,
        pseudonyms=pseudonyms,
        persons=sum(name != "" for name in pseudonyms.values()),
        many_frames=many_frames,
        source_splits=frozenset(splits - {""}),
        source=source,
    )
