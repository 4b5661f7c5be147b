"""From a source folder to a store: list, decode, group, split, check, write."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from re import Pattern
from typing import TypeVar

from ganoscope.alarms import save_alarms
from ganoscope.data.duplicates import make_thumbnail
from ganoscope.data.geometry import Fit, fit_to_square
from ganoscope.data.ingest import Decoded, Ingest
from ganoscope.data.layouts import Layout, SourceImage, find_layout
from ganoscope.data.patients import compile_pattern, recognise_pattern
from ganoscope.data.readers import UnreadableError, read, readers
from ganoscope.data.soundness import find_alarms
from ganoscope.data.splits import Fractions
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import escape_unprintable, new_folder
from ganoscope.progress import ProgressBar

T = TypeVar("T")
R = TypeVar("R")

MIN_SIZE, MAX_SIZE = 16, 1024
IN_FLIGHT = 128
"""Pictures being decoded at once: bounds the memory."""


@dataclass(frozen=True)
class PrepareConfig:
    """How a source becomes a store."""

    size: int = 64
    """Side of the stored square images in pixels."""
    fit: Fit = "pad"
    """What happens to pictures that are not square: pad keeps everything and the aspect ratio."""
    patient_pattern: str | None = None
    """Regular expression whose first group, found in the file name, is the patient id; or a built-in one's name."""
    validation: float = 0.15
    """Share of validation images, where the source has no folder for them."""
    test: float = 0.15
    """Share of test images, where the source has no folder for them."""
    seed: int = 0
    """Of the split."""
    name: str = ""
    """What the data set is called in reports; the source folder's name by default."""

    def __post_init__(self) -> None:
        """Checks size and shares."""
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise UserError(f"--size is out of range: got {self.size}; allowed: {MIN_SIZE} to {MAX_SIZE}.")
        Fractions(self.validation, self.test)


def prepare(source: Path, destination: Path, config: PrepareConfig) -> Store:
    """Reads a source into a new store, and returns it.

    Raises:
        UserError: The source is missing, holds no readable images or too few, or `destination` is not empty.
    """
    refuse_source(source)
    layout = find_layout(source)
    total, pattern = survey(layout, source, config)
    with new_folder(destination) as folder:
        ingest = Ingest(folder, config.size, pattern)
        with ProgressBar(f"reading {source}", total) as bar:
            for decoded in ordered_map(lambda item: decode(item, config), layout.list_images(source)):
                ingest.take(decoded)
                bar.advance(1)
        ingest.refuse_unusable(source)
        ingest.finish(
            config.name or escape_unprintable(source.resolve().name),
            Fractions(config.validation, config.test),
            config.seed,
        )
        save_alarms(folder / "alarms.json", find_alarms(Store.open(folder)))
    return Store.open(destination)


def refuse_source(source: Path) -> None:
    """Refuses a source that is no folder."""
    if not source.exists():
        raise UserError(f"source {source} does not exist. Check the path; it is read from {Path.cwd()}.")
    if not source.is_dir():
        raise UserError(f"source {source} is a file; allowed: a folder of images.")


def survey(layout: Layout, source: Path, config: PrepareConfig) -> tuple[int, Pattern[str] | None]:
    """Returns the number of files, and the patient pattern to use: the one given, or a built-in one that fits."""
    names = [item.path.name for item in layout.list_images(source)]
    if not names:
        raise UserError(f"source {source} holds no files; allowed: a folder with {', '.join(readers())} images.")
    if config.patient_pattern:
        return len(names), compile_pattern(config.patient_pattern)
    return len(names), recognise_pattern(names)


def decode(source: SourceImage, config: PrepareConfig) -> Decoded:
    """Returns the file's pixels at the store's size, or the reason why it is not taken."""
    try:
        digest = sha256(source.path.read_bytes()).hexdigest()
        picture = read(source.path)
        if min(picture.pixels.shape) < MIN_SIZE:
            raise UnreadableError(f"the picture is only {picture.pixels.shape} pixels")
        if picture.pixels.min() == picture.pixels.max():
            raise UnreadableError(f"every pixel has the same value ({picture.pixels.flat[0]})")
    except (UnreadableError, OSError) as error:
        return Decoded(source, reason=str(error))
    pixels = fit_to_square(picture.pixels, config.size, config.fit)
    return Decoded(source, pixels, make_thumbnail(picture.pixels), picture, digest, "")


def ordered_map(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yields function(item) in order, computed by one thread per core, with at most `IN_FLIGHT` at a time."""
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= IN_FLIGHT:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
