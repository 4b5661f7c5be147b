"""Training history: `history.csv` with a row per step, TensorBoard events, and a tracker where one is set."""

import csv
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.contracts import Terms
from ganoscope.errors import UserError
from ganoscope.files import remove, replacing
from ganoscope.files.records import reading
from ganoscope.files.tables import append_csv, read_csv
from ganoscope.training.run_folder.tracking import Tracker


class History:
    """Collects the terms of every step on their device, and writes them on `flush`: no wait for the GPU in between.

    Attributes:
        path: The file.
        seconds: Seconds of training up to the step that the run resumes from; 0 for a new run.
    """

    def __init__(self, run: Path, images_seen: int, tracker: Tracker | None = None) -> None:
        from torch.utils.tensorboard import SummaryWriter  # imported late: it takes a second

        self.path = run / "history.csv"
        self.seconds = forget_after(self.path, images_seen)
        self._pending: list[tuple[int, float, dict[str, Tensor]]] = []
        self._columns: list[str] = read_columns(self.path)
        self._events = SummaryWriter(run / "tensorboard", purge_step=images_seen + 1 if images_seen else 0)
        self._tracker = tracker

    def add(
        self, images_seen: int, seconds: float, terms: Mapping[str, Terms], observed: Mapping[str, Tensor] | None = None
    ) -> None:
        """Records one step.

        Args:
            images_seen: Images seen after it.
            seconds: Seconds since the start of the training.
            terms: Its terms, by phase.
            observed: Further scalars, by column.
        """
        named = {f"{phase}.{name}": value for phase, group in terms.items() for name, value in group.scalars().items()}
        self._pending.append((images_seen, seconds, {**named, **(observed or {})}))

    def flush(self) -> list[dict[str, float]]:
        """Writes and returns the rows recorded since the last flush.

        Raises:
            UserError: A term is not finite; the message names it. No row from that step on is kept.
        """
        rows = to_rows(self._pending)
        self._pending = []
        for position, row in enumerate(rows):
            broken = [f"{name} = {value}" for name, value in row.items() if not np.isfinite(value)]
            if broken:
                self._write(rows[:position])
                raise UserError(
                    f"the loss is not finite after {row['images']:,.0f} images: {', '.join(broken)}. The checkpoint "
                    "before it is intact. Lower the learning rate, or use --precision fp32, in a new run."
                )
        self._write(rows)
        return rows

    def _write(self, rows: list[dict[str, float]]) -> None:
        if not rows:
            return
        self._columns = self._columns or list(dict.fromkeys(name for row in rows for name in row))
        append_csv(self.path, self._columns, ({**row, "images": int(row["images"])} for row in rows))
        noted = {name: [row[name] for row in rows if name in row] for name in self._columns[2:]}
        means = {name: float(np.mean(values)) for name, values in noted.items() if values}
        images_seen = int(rows[-1]["images"])
        for name, mean in means.items():
            self._events.add_scalar(name, mean, images_seen)
        self._events.flush()
        if self._tracker:
            self._tracker.log(means, step=images_seen)

    def add_image(self, title: str, picture: NDArray[np.uint8], images_seen: int) -> None:
        """Adds a grey picture of shape (H, W) to the TensorBoard events.

        Args:
            title: Name of the picture.
            picture: Grey values, uint8, shape (H, W).
            images_seen: Images seen so far.
        """
        self._events.add_image(title, picture, images_seen, dataformats="HW")

    def close(self) -> None:
        """Closes the TensorBoard file and the tracker's run."""
        self._events.close()
        if self._tracker:
            self._tracker.finish()


def to_rows(pending: list[tuple[int, float, dict[str, Tensor]]]) -> list[dict[str, float]]:
    """Returns the recorded terms, scalars, as plain rows, fetched from the device in one transfer."""
    if not pending:
        return []
    values = iter(torch.stack([value.float() for _, _, terms in pending for value in terms.values()]).tolist())
    return [
        {"images": images, "seconds": round(seconds, 3), **{name: next(values) for name in terms}}
        for images, seconds, terms in pending
    ]


def forget_after(path: Path, images_seen: int) -> float:
    """Drops the rows of steps after `images_seen`, which a resumed run repeats; returns the seconds up to there.

    The images seen rise from row to row: where two processes once wrote to one file, or a killed one left half a row,
    what does not fit is dropped as well.

    Args:
        path: The history.
        images_seen: Images seen at the checkpoint that the run resumes from.
    """
    if not read_columns(path):
        remove(path)  # killed before its header was on disk
        return 0.0
    last, seconds = 0, 0.0
    with path.open(newline="", encoding="utf-8") as file, replacing(path) as partial:
        rows = csv.reader(line for line in file if line.endswith("\n"))
        header = next(rows, [])
        with partial.open("w", newline="", encoding="utf-8") as output:
            table = csv.writer(output, lineterminator="\n")
            table.writerow(header)
            for row in rows:
                images = int(row[0]) if len(row) == len(header) and row[0].isdecimal() else 0
                if last < images <= images_seen:
                    table.writerow(row)
                    last, seconds = images, parse_seconds(row[1])
    return seconds


def parse_seconds(text: str) -> float:
    """Returns a number of seconds; 0 for what is none."""
    with suppress(ValueError):
        return float(text)
    return 0.0


def read_columns(path: Path) -> list[str]:
    """Returns the column names of a history; empty where there is none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def load_history(run: Path) -> dict[str, NDArray[np.float64]]:
    """Returns a run's history by column, shape (rows,); missing values are NaN.

    Raises:
        UserError: The run has no history, or it is damaged.
    """
    path = run / "history.csv"
    if not path.exists():
        raise UserError(f"{path} does not exist: the run has not been trained.")
    rows = list(read_csv(path, ("images", "seconds")))
    with reading(path):
        return {name: np.array([float(row[name] or "nan") for row in rows]) for name in (rows[0] if rows else ())}
