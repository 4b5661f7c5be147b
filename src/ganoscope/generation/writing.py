"""Draws, screens and writes the images of a request, and counts what came of it."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ganoscope.data import writers as formats
from ganoscope.data.store import Store
from ganoscope.data.writers._marks import save_marked
from ganoscope.generation.candidates import Tally, draw_candidates
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import ALL, Request
from ganoscope.generation.origin import COLUMNS, FRAME_COLUMNS, describe_image
from ganoscope.generation.rejected import open_rejected, round_measure
from ganoscope.generation.screening import COPY, LABEL, Screening
from ganoscope.generation.sheets import Gallery, arrange, make_gallery
from ganoscope.generation.sources import read_spacing
from ganoscope.progress import ProgressBar


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        number: Images written.
        drawn: Images drawn, those turned away among them.
        copies: Images turned away as copies of training images.
        doubted: Images turned away because of their class; some may be copies as well.
    """

    number: int
    drawn: int
    copies: int
    doubted: int


def write_images(
    folder: Path, request: Request, screening: Screening, store: Store | None, config: GenerateConfig
) -> Tally:
    """Writes the images that pass, their table, what was turned away, and the contact sheet; returns the counts."""
    tally, gallery = Tally(request), make_gallery(request)
    stack = describe_stack(request, store)
    judged = store if screening.copies or screening.labels else None
    with (
        open_table(folder, config) as add_row,
        formats.load(config.format).open_writer(folder, stack) as write,
        open_rejected(folder, request, judged) as reject,
        ProgressBar("generating", request.total) as bar,
    ):
        for candidate in draw_candidates(request, screening, config, tally):
            rejected = tally.rejected.total()
            bar.advance(0 if candidate.verdict.reasons else 1, f"{rejected:,} turned away" if rejected else "")
            if candidate.verdict.reasons:
                reject(candidate)
                continue
            row = describe_image(request.run, config, candidate.index, candidate.code)
            row["distance"] = round_measure(candidate.verdict.distance)
            row["confidence"] = round_measure(candidate.verdict.confidence)
            add_row(row, write(candidate.pixels, row, candidate.code))
            gallery.add(candidate.pixels, candidate.code)
    save_contact_sheet(folder, request, gallery, config)
    return tally


@contextmanager
def open_table(folder: Path, config: GenerateConfig) -> Iterator[Callable[[dict[str, object], str], None]]:
    """Yields the function that adds an image's row: to `manifest.csv`, or to `frames.csv` where all lie in one file."""
    single = config.format == "png"
    columns = COLUMNS if single else FRAME_COLUMNS
    with (folder / ("manifest.csv" if single else "frames.csv")).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        written = 0

        def add(row: dict[str, object], name: str) -> None:
            nonlocal written
            table.writerow({columns[0]: name if single else written, **row})
            written += 1

        yield add


def describe_stack(request: Request, store: Store | None) -> formats.Stack:
    """Returns what a format must know before the first image."""
    record = request.run.record
    return formats.Stack(request.total, record.size, record.intensity, request.run.classes, read_spacing(store))


def save_contact_sheet(folder: Path, request: Request, gallery: Gallery, config: GenerateConfig) -> None:
    """Writes `contact_sheet.png`: the first images of every class, in rows with its name."""
    run = request.run
    display = {
        run.classes[code] if run.classes else "": list(run.record.intensity.to_display(np.stack(pictures)))
        for code, pictures in sorted(gallery.pictures.items())
        if pictures
    }
    notes = {"seed": config.seed, "truncation": config.truncation, "method": run.record.method}
    save_marked(folder / "contact_sheet.png", arrange(display), notes)


def summarise(tally: Tally) -> Outcome:
    """Returns the counts; an image may be turned away for two reasons."""
    copies, doubted = (
        sum(count for reasons, count in tally.rejected.items() if reason in reasons) for reason in (COPY, LABEL)
    )
    return Outcome(tally.accepted.total(), tally.drawn.total(), copies, doubted)


def count_classes(tally: Tally) -> dict[str, dict[str, int]]:
    """Returns how many images of each class were drawn and kept; nothing where all share one quota."""
    classes = tally.request.run.classes
    return {
        classes[code]: {"drawn": tally.drawn[code], "kept": tally.accepted[code]}
        for code in sorted(tally.request.quotas)
        if code != ALL
    }


def describe_counts(outcome: Outcome, screening: Screening, classes: dict[str, dict[str, int]]) -> dict[str, object]:
    """Returns what `provenance.json` says of a screening: criteria, counts, and shares of all images drawn."""
    if not (screening.copies or screening.labels):
        return {}
    counts = {"drawn": outcome.drawn, "rejected": outcome.drawn - outcome.number}
    reasons = {COPY: outcome.copies, LABEL: outcome.doubted}
    shares = {reason: count / outcome.drawn for reason, count in reasons.items()}
    return {
        "screening": {
            **screening.describe(),
            **counts,
            "rejected_by_reason": reasons,
            "rates": shares,
            "classes": classes,
        }
    }
