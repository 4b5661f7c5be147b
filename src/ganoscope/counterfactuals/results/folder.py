"""The folder of counterfactuals, filled batch by batch: images in stored units, panels, table and figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.drawing.case_summary import name_unit
from ganoscope.counterfactuals.drawing.overview import (
    SHOWN,
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
        panels: Number of panels still to draw.
        spare: How many of them may show images that already belong to the target.
        add_row: Adds a row to the table.
        scale: Change in stored units at the ends of the colours; set by the first batch.
        shown: Pictures for the contact sheet.
        already: Pictures of images that already belong to the target; the sheet ends with them.
    """

    path: Path
    setting: Setting
    panels: int
    spare: int
    add_row: AddRow
    scale: float = 0.0
    shown: list[NDArray[np.uint8]] = field(default_factory=list)
    already: list[NDArray[np.uint8]] = field(default_factory=list)

    def add(self, batch: Translated) -> None:
        """Writes a batch."""
        self.scale = self.scale or find_scale(batch, self.setting.intensity)
        drawn = self._choose_panels(batch)
        save_panels(self.path / PANELS, self.setting, batch, drawn, self.scale)
        for pictures, chosen in ((self.shown, ~batch.pairs.already), (self.already, batch.pairs.already)):
            indices = np.flatnonzero(chosen)[: SHOWN - len(pictures)]
            pictures += show_cases(self.setting, batch, self.scale, indices)
        for index, case in enumerate(batch.cases):
            files = save_images(self.path, self.setting, batch, index)
            if index in drawn:
                files["panel"] = f"{PANELS}/{case.name}.png"
            self.add_row(batch, index, files)

    def _choose_panels(self, batch: Translated) -> list[int]:
        """Returns the images that get a panel: counterfactuals before images that already belong to the target."""
        true, already = (np.flatnonzero(which).tolist() for which in (~batch.pairs.already, batch.pairs.already))
        true = true[: self.panels]
        already = already[: min(self.spare, self.panels - len(true))]
        self.panels -= len(true) + len(already)
        self.spare -= len(already)
        return sorted(true + already)

    def finish(self) -> None:
        """Writes the contact sheet where there is more than one image."""
        pictures = [*self.shown, *self.already][:SHOWN]
        if len(pictures) > 1:
            scale = f"±{self.scale:.3g} {name_unit(self.setting.intensity.unit)}"
            save_contact_sheet(self.path / SHEET, pictures, max(0, len(pictures) - len(self.shown)), scale)


@contextmanager
def open_folder(path: Path, setting: Setting, config: CounterfactualConfig) -> Iterator[FolderWriter]:
    """Yields the writer of a new folder.

    Args:
        path: The folder.
        setting: Run, classifiers and intensity map.
        config: How many panels to draw.
    """
    for name in (FOLDER, *([PANELS] if config.panels else [])):
        (path / name).mkdir()
    with open_table(path / TABLE, setting.plan.strengths) as add_row:
        yield FolderWriter(path, setting, config.panels, -(-config.panels // 2), add_row)


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
    response, already = join(gathered.responses), np.array(gathered.already)
    figures = {
        "dose_response": draw_response(setting.plan.strengths, response, already, gathered.groups, seed),
        "controls": draw_controls(findings),
    }
    for name, figure in figures.items():
        if figure:
            figure.savefig(folder / f"{name}.png", metadata={"Software": "ganoscope"})
