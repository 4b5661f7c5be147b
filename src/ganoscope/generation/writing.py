"""Generates, screens and writes the images of a request, and counts them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ganoscope.data import writers
from ganoscope.data.store import Store
from ganoscope.files.tables import open_csv
from ganoscope.generation.candidates import Tally, draw_candidates
from ganoscope.generation.class_sheet import Gallery, make_gallery
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import Request
from ganoscope.generation.origin import COLUMNS, FRAME_COLUMNS, describe_image, make_output
from ganoscope.generation.rejected import describe_measures, open_rejected
from ganoscope.generation.screening import COPY, LABEL, Screening
from ganoscope.generation.screening_inputs import read_spacing
from ganoscope.progress import ProgressBar


@dataclass(frozen=True)
class Generated:
    """How many images `generate` wrote, and how many it rejected.

    Attributes:
        number: Images written.
        drawn: Images generated, rejected ones included.
        copies: Images rejected as copies of training images.
        doubted: Images rejected because of their class; some may be copies as well.
    """

    number: int
    drawn: int
    copies: int
    doubted: int


def write_images(
    folder: Path, request: Request, screening: Screening, store: Store | None, config: GenerateConfig
) -> tuple[Tally, Gallery]:
    """Writes the images that pass, their table, and what was rejected; returns the counts and the first images.

    Args:
        folder: Where to write.
        request: Which images are wanted.
        screening: Criteria that images must meet.
        store: The store that the run was trained on; None where nothing needs it.
        config: What was asked for.

    Raises:
        UserError: Too many images are rejected.
    """
    tally, gallery, run = Tally(request), make_gallery(request), request.run
    with (
        open_table(folder, config) as add_row,
        writers.load(config.format).open_writer(folder, describe_stack(request, store)) as write,
        open_rejected(folder, request, store if screening.copies or screening.labels else None) as reject,
        ProgressBar("generating", request.total) as bar,
    ):
        for candidate in draw_candidates(request, screening, config, tally):
            rejected = tally.rejected.total()
            bar.advance(0 if candidate.verdict.reasons else 1, f"{rejected:,} rejected" if rejected else "")
            if candidate.verdict.reasons:
                reject(candidate)
                continue
            row = describe_image(run, config, candidate.index, candidate.code)
            row |= describe_measures(candidate.verdict)
            output = make_output(run, config, candidate.pixels, row)
            add_row(row, write(output, f"{candidate.index:06d}", candidate.code))
            gallery.add(candidate.pixels, candidate.code)
    return tally, gallery


def name_table(form: str) -> str:
    """Returns the file name of the table of images in a format.

    Example:
        >>> name_table("png"), name_table("npz")
        ('manifest.csv', 'frames.csv')
    """
    return "manifest.csv" if writers.load(form).SEPARATE else "frames.csv"


@contextmanager
def open_table(folder: Path, config: GenerateConfig) -> Iterator[Callable[[dict[str, object], str], None]]:
    """Yields the function that adds an image's row: to `manifest.csv`, or to `frames.csv` where all lie in one file."""
    separate = writers.load(config.format).SEPARATE
    columns = COLUMNS if separate else FRAME_COLUMNS
    with open_csv(folder / name_table(config.format), columns) as add_row:
        written = 0

        def add(row: dict[str, object], name: str) -> None:
            nonlocal written
            add_row({columns[0]: name if separate else written, **row})
            written += 1

        yield add


def describe_stack(request: Request, store: Store | None) -> writers.Stack:
    """Returns the information that a writer needs before the first image."""
    record = request.run.record
    return writers.Stack(request.total, record.size, record.intensity, request.run.classes, read_spacing(store))


def summarise(tally: Tally) -> Generated:
    """Returns the counts; an image may be rejected for two reasons."""
    copies, doubted = (
        sum(count for reasons, count in tally.rejected.items() if reason in reasons) for reason in (COPY, LABEL)
    )
    return Generated(tally.accepted.total(), tally.drawn.total(), copies, doubted)


def count_classes(tally: Tally) -> dict[str, dict[str, object]]:
    """Returns how many images of each class were generated, kept, and rejected for each reason."""
    counts: dict[str, dict[str, object]] = {}
    for code, name in enumerate(tally.request.run.classes):
        own = {reasons: count for (of, reasons), count in tally.by_class.items() if of == code}
        if own:
            rejected = {one: sum(count for names, count in own.items() if one in names) for one in (COPY, LABEL)}
            counts[name] = {"drawn": sum(own.values()), "kept": own.get((), 0), "rejected": rejected}
    return counts


def describe_screening(screening: Screening, tally: Tally) -> dict[str, object]:
    """Returns the entries of `provenance.json` about a screening: criteria, counts, and shares of all images."""
    if not (screening.copies or screening.labels):
        return {}
    done = summarise(tally)
    counts = {"drawn": done.drawn, "rejected": done.drawn - done.number}
    reasons = {COPY: done.copies, LABEL: done.doubted}
    shares = {reason: count / done.drawn for reason, count in reasons.items()}
    return {
        "screening": {
            **screening.describe(),
            **counts,
            "rejected_by_reason": reasons,
            "rates": shares,
            "classes": count_classes(tally),
        }
    }
