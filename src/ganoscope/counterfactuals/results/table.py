"""The table of images: one row per image, with its files and all its measures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.counterfactuals.translation.batches import Translated
from ganoscope.evaluate.counterfactual.measures import NAMES
from ganoscope.files.tables import open_csv

FACTS = (
    *("image", "file", "frame", "group", "label", "trained_on", "height_px", "width_px", "unit"),
    *("target", "direction", "already"),
)
OUTPUTS = ("counterfactual", "difference", "reconstruction", "panel")
"""Columns of facts that need no measuring, and of the names of files."""

AddRow = Callable[[Translated, int, dict[str, str]], None]
"""Adds the row of an image; takes its batch, its index in the batch, and the names of its files by kind."""


def list_columns(strengths: NDArray[np.float64]) -> list[str]:
    """Returns the columns of the table; the last ones are the dose-response curves at strengths of shape (S,)."""
    curves = [f"{name}_at_{strength:.3g}" for name in ("explained", "judge") for strength in strengths.tolist()]
    return [*FACTS, *OUTPUTS, *NAMES, *curves]


@contextmanager
def open_table(path: Path, strengths: NDArray[np.float64]) -> Iterator[AddRow]:
    """Yields the function that adds the row of an image; the curves are at strengths of shape (S,)."""
    columns = list_columns(strengths)
    with open_csv(path, columns) as add_row:

        def add(batch: Translated, index: int, files: dict[str, str]) -> None:
            curves = (*batch.response.explained[index], *batch.response.judge[index])
            measures = (getattr(batch.measures, name)[index] for name in NAMES)
            facts = describe(batch, index)
            named = (files.get(name, "") for name in OUTPUTS)
            values = [*facts, *named, *map(write_digits, (*measures, *curves))]
            add_row(dict(zip(columns, values, strict=True)))

        yield add


def describe(batch: Translated, index: int) -> list[object]:
    """Returns the facts about an image that need no measuring, in the order of `FACTS`."""
    case = batch.cases[index]
    height, width = case.source.pixels.shape
    return [
        case.name,
        case.file,
        case.source.frame,
        case.group,
        case.label,
        bool(case.trained),
        height,
        width,
        case.source.unit,
        str(batch.pairs.target[index]),
        batch.directions[index],
        bool(batch.pairs.already[index]),
    ]


def write_digits(value: float) -> str:
    """Returns a measure with six digits; "" where it does not apply.

    Example:
        >>> write_digits(1 / 3), write_digits(1.0), write_digits(float("nan"))
        ('0.333333', '1', '')
    """
    return "" if np.isnan(value) else f"{value:.6g}"
