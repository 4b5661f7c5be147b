"""Progress display: a live bar on a terminal, an occasional line in a log file. Always on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

CONSOLE = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
LOG_EVERY_SECONDS = 30.0


class ProgressBar:
    """Counts images and shows the rate and the time left; of anything else, `note` tells the time left."""

    def __init__(self, title: str, total: int | None, done: int = 0, unit: str = "images") -> None:
        self.title, self.total, self.done, self.unit = title, total, done, unit
        self._timed = unit == "images"
        self._start, self._first = time.monotonic(), done
        self._last_log = self._start
        self._live = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            *([TimeRemainingColumn()] if self._timed else []),
            TextColumn("{task.fields[note]}"),
            console=CONSOLE,
            transient=True,
            disable=not CONSOLE.is_terminal,
        )
        self._task = self._live.add_task(title, total=total, completed=done, rate="", note="")

    def __enter__(self) -> Self:
        """Starts the display."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the display and prints one summary line."""
        self._live.stop()
        if kind is None:
            CONSOLE.print(self._line())

    def advance(self, images: int, note: str = "") -> None:
        """Adds to the number of images done; `note` is shown beside the bar."""
        self.done += images
        if self.total is not None and self.done > self.total:  # a file held more than one image
            self.total = None
            self._live.update(self._task, total=None)
        self._live.update(self._task, completed=self.done, rate=self._rate().removeprefix(", "), note=note)
        if not CONSOLE.is_terminal and time.monotonic() - self._last_log > LOG_EVERY_SECONDS:
            self._last_log = time.monotonic()
            CONSOLE.print(self._line(note))

    def rate(self) -> float:
        """Returns images per second since the start."""
        return (self.done - self._first) / max(time.monotonic() - self._start, 1e-9)

    def _line(self, note: str = "") -> str:
        total = f"/{self.total:,}" if self.total else ""
        seconds = ((self.total or 0) - self.done) / max(self.rate(), 1e-9)
        left = f", {seconds:,.0f} s left" if self._timed and seconds > 0 and self.done > self._first else ""
        return f"{self.title}: {self.done:,}{total} {self.unit}{self._rate()}{left} {note}".rstrip()

    def _rate(self) -> str:
        return f", {self.rate():,.0f} {self.unit}/s" if self._timed else ""


@contextmanager
def timed(title: str) -> Iterator[None]:
    """Prints how long the enclosed step took."""
    start = time.monotonic()
    yield
    CONSOLE.print(f"{title}: {time.monotonic() - start:.1f} s")
