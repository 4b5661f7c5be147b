"""Writes decoded pictures to an unfinished store, in order, and resumes where an interrupted process stopped.

An unfinished store is a hidden folder that only its owner can read. Its files are only appended to, and
`progress.json`, replaced every few seconds, records the valid length of each; a process that resumes cuts off the rest.

"""

import csv
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO, Literal

import numpy as np

from ganoscope.data.prepare.decode import Result
from ganoscope.data.prepare.facts.kinds import Kind, choose_unit, refuse_mixture
from ganoscope.data.prepare.transfer import PRIVATE_COLUMNS, Row
from ganoscope.data.store import COLUMNS, StoreWriter
from ganoscope.data.store.intensity import DTYPE_OF_UNIT
from ganoscope.data.store.store import BUFFER_BYTES, HEADER_BYTES, PIXELS
from ganoscope.errors import Range, UserError, write_count
from ganoscope.files import save_json
from ganoscope.files.records import load_record
from ganoscope.files.tables import make_writer

ROW_COLUMNS = (*COLUMNS, *PRIVATE_COLUMNS)
REJECTED_COLUMNS = ("number", "name", "person", "reason")
SERIES_COLUMNS = (
    *("series", "modality", "slices", "spacing_between_mm", "thickness_mm", "missing", "problems"),
    *("order", "told_by"),
)
TABLES = {"rows.csv": ROW_COLUMNS, "rejected.csv": REJECTED_COLUMNS, "series.csv": SERIES_COLUMNS}
COMMIT_SECONDS = 2.0


@dataclass(frozen=True)
class Progress:
    """The content of `progress.json`: how much of each file is valid.

    Attributes:
        entries: Number of entries of the listing that are done.
        files: Number of files among them.
        unit: Unit of the pixels, "" before the first picture.
        series: Number of series.
        count: Number of images.
        reasons: Number of rejected files by reason.
        kinds: Unit, modality, class and number of the pictures of each kind.
        lengths: Valid bytes of each file by name.
    """

    entries: Annotated[int, Range(0)] = 0
    files: Annotated[int, Range(0)] = 0
    unit: Literal["", "grey 8 bit", "grey 16 bit", "HU", "signal"] = ""
    series: Annotated[int, Range(0)] = 0
    count: Annotated[int, Range(0)] = 0
    reasons: dict[str, int] = field(default_factory=dict)
    kinds: list[tuple[str, str, str, int]] = field(default_factory=list)
    lengths: dict[str, Annotated[int, Range(0)]] = field(default_factory=dict)


class Ingest:
    """Appends the results of `decode_entry` to an unfinished store.

    Attributes:
        folder: Unfinished store.
        size: Height and width of the images in pixels.
        entries: Number of entries of the listing that are done.
        unit: Unit of the pixels.
        kinds: Number of pictures by unit, modality and class, those of other units included.
        reasons: Number of rejected files by reason.
    """

    def __init__(self, folder: Path, size: int, unit: str = "") -> None:
        """Opens an unfinished store; `unit` of the pixels is that of the first picture unless it is given."""
        self.folder, self.size = folder, size
        state = load_record(folder / "progress.json", Progress) if (folder / "progress.json").exists() else Progress()
        self.entries, self.files, self._series = state.entries, state.files, state.series
        given: Any = state.unit or unit
        self.unit = given
        self.reasons: Counter[str] = Counter(state.reasons)
        self.kinds = Counter({Kind(unit, modality, label): number for unit, modality, label, number in state.kinds})
        lengths, count = state.lengths, state.count
        if state != Progress():
            refuse_lost(folder, size, state)
        self._thumbnails = open_at(folder / "thumbnails.bin", lengths.get("thumbnails.bin", 0))
        self._tables = {
            name: TextIOWrapper(open_at(folder / name, lengths.get(name, 0)), "utf-8", "surrogateescape", newline="")
            for name in TABLES
        }
        self._writers = {name: make_writer(file) for name, file in self._tables.items()}
        for name, columns in TABLES.items():
            if not lengths.get(name):
                self._writers[name](columns)
        self.store = StoreWriter(folder, size, DTYPE_OF_UNIT[self.unit], count) if count and self.unit else None
        self._committed = time.monotonic()

    def _files(self) -> tuple[IO[bytes] | IO[str], ...]:
        return (self._thumbnails, *self._tables.values())

    def take(self, result: Result) -> None:
        """Writes the pictures of one entry, or the reasons for their rejection; commits every few seconds."""
        names = {}
        for stack, found in result.series.items():
            self._series += 1
            names[stack] = f"series-{self._series:06d}"
            of_stack = (row for row in result.rows if not row.reason and row.values["stack"] == stack)
            modality = next((row.values["modality"] for row in of_stack), "")
            facts = {**asdict(found), "problems": "; ".join(found.problems)}
            self._write("series.csv", {"series": names[stack], "modality": modality, **facts})
        for row in result.rows:
            self._take_one(row, names.get(row.values.get("stack", 0), ""))
        self.entries += result.files > 0
        self.files += result.files
        if result.files and time.monotonic() - self._committed > COMMIT_SECONDS:
            self.commit()

    def _take_one(self, row: Row, series: str) -> None:
        if not row.pixels:
            return self._reject(row, row.reason)
        self.kinds[Kind(row.unit, row.values["modality"], row.values["label"])] += 1
        self.unit = self.unit or row.unit
        if row.unit != self.unit:
            return self._reject(row, f"{row.unit} in a store of {self.unit}")
        if self.store is None:
            self.store = StoreWriter(self.folder, self.size, DTYPE_OF_UNIT[row.unit])
        square = (self.size, self.size)
        masks = (np.frombuffer(mask, bool).reshape(square) if mask else None for mask in (row.mask, row.anatomy))
        self.store.append(np.frombuffer(row.pixels, DTYPE_OF_UNIT[row.unit]).reshape(square), *masks)
        self._thumbnails.write(row.thumbnail)
        self._write("rows.csv", {**row.values, "series": series})
        return None

    def _reject(self, row: Row, reason: str) -> None:
        self.reasons[reason] += 1
        self._write("rejected.csv", {**row.values, "reason": reason})

    def _write(self, table: str, values: dict[str, Any]) -> None:
        self._writers[table]([values.get(name, "") for name in TABLES[table]])

    @property
    def has_series(self) -> bool:
        """Whether any picture is a slice of a volume."""
        return self._series > 0

    def commit(self) -> None:
        """Flushes everything to disk, then records the valid length of each file."""
        for file in self._files():
            file.flush()
            os.fsync(file.fileno())
        if self.store:
            self.store.flush()
        names = ("thumbnails.bin", *TABLES)
        state = Progress(
            entries=self.entries,
            files=self.files,
            unit=self.unit,
            series=self._series,
            count=self.store.count if self.store else 0,
            reasons=dict(self.reasons),
            kinds=[(kind.unit, kind.modality, kind.label, number) for kind, number in self.kinds.items()],
            lengths={name: (self.folder / name).stat().st_size for name in names},
        )
        save_json(self.folder / "progress.json", asdict(state))
        self._committed = time.monotonic()

    def find_better_unit(self) -> str:
        """Returns the most frequent unit if the store, which began with the first picture, is of another; else "".

        Raises:
            UserError: The source mixes units so that too much would be left out.
        """
        refuse_mixture(self.kinds)
        best = choose_unit(self.kinds)
        return "" if best == self.unit else best

    def restart(self, unit: str) -> "Ingest":
        """Returns an empty store for pictures of `unit` in the place of this one, whose pictures are dropped."""
        for file in self._files():
            file.close()
        if self.store:
            self.store.close()
        (self.folder / "progress.json").unlink(missing_ok=True)
        return Ingest(self.folder, self.size, unit)

    def close(self) -> StoreWriter:
        """Commits, closes the tables, and returns the pixel writer, which is still open.

        Raises:
            UserError: The source holds no usable images; the message lists the reasons with counts.
        """
        self.commit()
        for file in self._files():
            file.close()
        reasons = self.list_reasons()
        if self.store is None:
            raise UserError(
                f"the source holds no usable image; of {write_count(self.reasons.total(), 'file')}:{reasons}"
            )
        return self.store

    def list_reasons(self) -> str:
        """Returns the most frequent reasons for rejection, one line each with its count; "" if no file was rejected."""
        return "".join(f"\n  {count} x {reason}" for reason, count in self.reasons.most_common(8))

    @contextmanager
    def explaining_reasons(self) -> Iterator[None]:
        """Adds the reasons for rejected files to a `UserError` raised inside: they may be its cause.

        Raises:
            UserError: One was raised inside.
        """
        try:
            yield
        except UserError as error:
            if not self.reasons:
                raise
            rejected = f"rejected: {write_count(self.reasons.total(), 'file')}"
            raise UserError(f"{error}\n{rejected}{self.list_reasons()}") from None


def refuse_lost(folder: Path, size: int, state: Progress) -> None:
    """Refuses to go on where a file is shorter than an earlier process left it: what is missing would be made up.

    Args:
        folder: Unfinished store.
        size: Height and width of the images in pixels.
        state: What the earlier process recorded.

    Raises:
        UserError: A file is shorter, or the number of images is not that of their rows.
    """
    needed = dict.fromkeys(("thumbnails.bin", *TABLES), 0) | state.lengths
    if not state.series:
        del needed["series.csv"]  # removed where no image is of a series
    if state.unit and state.count:
        needed[PIXELS] = HEADER_BYTES + state.count * size**2 * np.dtype(DTYPE_OF_UNIT[state.unit]).itemsize
    sizes = {name: (folder / name).stat().st_size if (folder / name).is_file() else 0 for name in needed}
    faults = [f"{name} has {sizes[name]:,} of {needed[name]:,} bytes" for name in needed if sizes[name] < needed[name]]
    if state.count and not state.unit:
        faults.append("the unit of its pixels is missing")
    if not faults:
        rows = count_rows(folder / "rows.csv", needed["rows.csv"])
        faults = [f"it has {rows:,} rows for {state.count:,} images"] * (rows != state.count)
    if faults:
        raise UserError(
            f"the unfinished store {folder} is damaged: {'; '.join(faults)}. Remove that folder, and run the same "
            "command again."
        )


def count_rows(path: Path, length: int) -> int:
    """Returns the number of rows in the first bytes of a table, the header not counted."""

    def read_lines() -> Iterator[str]:
        left = length
        with path.open("rb") as file:
            while left > 0 and (line := file.readline(left)):
                left -= len(line)
                yield line.decode("utf-8", "surrogateescape")

    return max(0, sum(1 for _ in csv.reader(read_lines())) - 1)


def open_at(path: Path, length: int) -> BinaryIO:
    """Returns a file opened for appending after its first `length` bytes; the rest is cut off."""
    file = path.open("r+b" if path.exists() else "w+b", buffering=BUFFER_BYTES)
    file.truncate(length)
    file.seek(length)
    return file
