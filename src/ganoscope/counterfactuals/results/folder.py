"""The folder of counterfactuals, filled batch by batch: images in stored units, panels, table and figures."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.drawing.case_summary import name_unit
from ganoscope.counterfactuals.drawing.overview import (
    SHOWN,
    Curves,
    draw_controls,
    draw_response,
    save_contact_sheet,
    show_cases,
)
from ganoscope.counterfactuals.drawing.panels import find_scale, save_panels
from ganoscope.counterfactuals.results.gathered import Gathered
from ganoscope.counterfactuals.results.images import FOLDER, save_images
from ganoscope.counterfactuals.results.table import AddRow, open_table
from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.evaluate.counterfactual.measures import join
from ganoscope.evaluate.counterfactual.set_findings import Findings

PANELS, SHEET, TABLE = "panels", "contact_sheet.png", "results.csv"


@dataclass
class FolderWriter:
    """Writes the files of every image.

    Attributes:
        path: The folder.
        setting: Run, classifiers and intensity map.
        panels: Number of panels still to draw, by direction.
        spare: How many of them may show images that already belong to the target, by direction.
        add_row: Adds a row to the table.
        scale: Change in stored units at the ends of the colours; set by the first batch.
        shown: Pictures for the contact sheet, by direction and whether they already belong to the target.
    """

    path: Path
    setting: Setting
    panels: dict[str, int]
    spare: dict[str, int]
    add_row: AddRow
    scale: float = 0.0
    shown: dict[tuple[str, bool], list[NDArray[np.uint8]]] = field(default_factory=dict)

    def add(self, batch: Translated) -> None:
        """Writes a batch."""
        self.scale = self.scale or find_scale(batch, self.setting.intensity)
        drawn = [index for kind in list_kinds(batch) for index in self._choose_panels(kind, find_kind(batch, kind))]
        save_panels(self.path / PANELS, self.setting, batch, sorted(drawn), self.scale)
        for kind in list_kinds(batch):
            pictures = self.shown.setdefault(kind, [])
            indices = find_kind(batch, kind)[: SHOWN - len(pictures)]
            pictures += show_cases(self.setting, batch, self.scale, indices)
        for index, case in enumerate(batch.cases):
            files = save_images(self.path, self.setting, batch, index)
            if index in drawn:
                files["panel"] = f"{PANELS}/{case.name}.png"
            self.add_row(batch, index, files)

    def _choose_panels(self, kind: tuple[str, bool], indices: NDArray[np.int64]) -> list[int]:
        """Returns the images of a kind that get a panel, as far as those of its direction go."""
        direction, already = kind
        most = self.panels[direction]
        chosen: list[int] = indices[: min(most, self.spare[direction]) if already else most].tolist()
        self.panels[direction] -= len(chosen)
        self.spare[direction] -= len(chosen) if already else 0
        return chosen

    def finish(self) -> None:
        """Writes the contact sheet where there is more than one image."""
        rows = choose_shown(self.shown, sorted(self.setting.translator.directions))
        if sum(len(pictures) for _, pictures in rows) > 1:
            scale = f"±{self.scale:.3g} {name_unit(self.setting.intensity.unit)}"
            save_contact_sheet(self.path / SHEET, rows, scale)


def list_kinds(batch: Translated) -> list[tuple[str, bool]]:
    """Returns the kinds of images in a batch, true counterfactuals first: direction, whether already of the target."""
    kinds = set(zip(batch.directions, batch.pairs.already.tolist(), strict=True))
    return sorted(kinds, key=lambda kind: (kind[1], kind[0]))


def find_kind(batch: Translated, kind: tuple[str, bool]) -> NDArray[np.int64]:
    """Returns the indices of the images of a kind in a batch, shape (N,)."""
    return np.flatnonzero((np.array(batch.directions) == kind[0]) & (batch.pairs.already == kind[1]))


def share(most: int, wanted: Sequence[int]) -> list[int]:
    """Returns how many places each of several sets gets: equal parts, and what one leaves goes to the others.

    Args:
        most: Number of places.
        wanted: Number of images of each set.

    Example:
        >>> share(32, [100, 100]), share(32, [100, 4]), share(5, [3, 9, 1])
        ([16, 16], [28, 4], [2, 2, 1])
    """
    places = [0] * len(wanted)
    for _ in range(most):
        short = [index for index, number in enumerate(wanted) if places[index] < number]
        if short:
            places[min(short, key=lambda index: places[index])] += 1
    return places


def choose_shown(
    shown: Mapping[tuple[str, bool], list[NDArray[np.uint8]]], directions: Sequence[str]
) -> list[tuple[str, list[NDArray[np.uint8]]]]:
    """Returns the captions and pictures of the contact sheet: equal parts of each direction.

    Images that already belong to the target come last, and only fill up what is left.

    Args:
        shown: Pictures, shape (R, S, S, 3) each, by direction and whether they already belong to the target.
        directions: Every direction of the run.
    """
    rows: list[tuple[str, list[NDArray[np.uint8]]]] = []
    left = SHOWN
    for already in (False, True):
        sets = [shown.get((direction, already), []) for direction in directions]
        for direction, pictures, count in zip(directions, sets, share(left, list(map(len, sets))), strict=True):
            caption = f"{direction}, of the target already" if already else direction
            rows += [(caption, pictures[:count])] if count else []
            left -= count
    return rows


@contextmanager
def open_folder(path: Path, setting: Setting, config: CounterfactualConfig) -> Iterator[FolderWriter]:
    """Yields the writer of a new folder.

    Args:
        path: The folder.
        setting: Run, classifiers and intensity map.
        config: How many panels to draw, in equal parts for each direction.
    """
    for name in (FOLDER, *([PANELS] if config.panels else [])):
        (path / name).mkdir()
    with open_table(path / TABLE, setting.plan.strengths) as add_row:
        directions = [setting.translator.name_direction(setting.target)] if setting.target else None
        names = directions or setting.translator.directions
        panels = dict(zip(names, share(config.panels, [config.panels] * len(names)), strict=True))
        spare = {direction: -(-count // 2) for direction, count in panels.items()}
        yield FolderWriter(path, setting, panels, spare, add_row)


def save_figures(folder: Path, setting: Setting, gathered: Gathered, findings: Findings, seed: int) -> None:
    """Writes the charts as PNG into a new folder.

    Args:
        folder: Folder to make.
        setting: Strengths that were tried.
        gathered: Curves of all images.
        findings: Means with intervals.
        seed: Seed of the resampling.
    """
    folder.mkdir()
    curves = Curves(
        setting.plan.strengths,
        join(gathered.responses),
        np.array(gathered.already),
        np.array(gathered.directions),
        np.array(gathered.groups),
    )
    figures = {
        "dose_response": draw_response(curves, seed),
        "controls": draw_controls(findings),
    }
    for name, figure in figures.items():
        if figure:
            figure.savefig(folder / f"{name}.png", metadata={"Software": "ganoscope"})
