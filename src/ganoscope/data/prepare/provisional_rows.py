"""Reads the provisional rows of an unfinished store: columns for grouping, sample ids, facts about all images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.patients import make_pseudonym
from ganoscope.data.prepare.grouping import Columns
from ganoscope.data.store.columns import DIGEST, ROWS, number, to_bytes
from ganoscope.parallel import make_chunks
from ganoscope.tables import read_csv


def read_rows(folder: Path) -> Iterator[dict[str, str]]:
    """Returns an iterator over the provisional rows of an unfinished store."""
    return read_csv(folder / "rows.csv", errors="surrogateescape")


def read_columns(folder: Path) -> tuple[Columns, NDArray[np.bytes_]]:
    """Returns the columns needed for grouping, and the sample ids, shape (N,), in one pass over the rows."""
    parts = [read_part(rows) for rows in make_chunks(read_rows(folder), ROWS)]
    persons, volumes, contents, labels, splits, starts = (np.concatenate(part) for part in zip(*parts, strict=True))
    patient = np.where(persons == b"", -1, number(persons))
    columns = Columns(patient, number(volumes), number(contents), number(labels).astype(np.int32), splits)
    return columns, make_ids(starts)


def read_part(rows: list[dict[str, str]]) -> tuple[NDArray[np.bytes_ | np.str_], ...]:
    """Returns patient, volume, content, label, source split and start of the sample id, each of shape (len(rows),)."""
    alone = (row["number"] if row["together"] == "1" else f"{row['number']} {row['frame']}" for row in rows)
    return (
        to_bytes(row["person"] for row in rows),
        to_bytes(row["series"] or own for row, own in zip(rows, alone, strict=True)),
        to_bytes(f"{row['source_sha256'][-DIGEST:]} {row['frame']}" for row in rows),
        to_bytes(row["label"] for row in rows),
        np.array([row["source_split"] for row in rows], np.str_),
        to_bytes(row["source_sha256"][:12] + (f"-f{row['frame']}" if row["frame"] != "0" else "") for row in rows),
    )


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
        conflicts: Number of patient ids whose files describe different persons.
        scaled: Whether pixels were scaled to 16 bits.
        pseudonyms: Pseudonym by patient id.
        synthetic: Number of images whose files declare that they were generated.
    """

    modality: str
    conflicts: int
    scaled: bool
    pseudonyms: Mapping[str, str]
    synthetic: int


def read_facts(folder: Path, salt: bytes) -> Facts:
    """Returns the facts about all images in one pass over the rows; `salt` is the secret key of the pseudonyms."""
    modalities, scaled, conflicts, synthetic = set(), False, set(), 0
    checks: dict[str, str] = {}
    pseudonyms = {"": ""}
    for row in read_rows(folder):
        modalities.add(row["modality"])
        scaled = scaled or bool(row["raw_low"])
        synthetic += row["synthetic"] == "1"
        if row["person"] not in pseudonyms:
            pseudonyms[row["person"]] = make_pseudonym(row["person"], salt)
        if row["person"] and row["check"] and checks.setdefault(row["person"], row["check"]) != row["check"]:
            conflicts.add(row["person"])
    modality = modalities.pop() if len(modalities) == 1 else "mixed"
    return Facts(modality, len(conflicts), scaled, pseudonyms, synthetic)
