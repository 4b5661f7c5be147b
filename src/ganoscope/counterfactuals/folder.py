"""The folder of counterfactuals, filled batch by batch: pictures in stored units, panels, the table, the sheet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.counterfactuals.case_summary import name_unit
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.drawing.overview import SHOWN, save_contact_sheet, show_cases
from ganoscope.counterfactuals.drawing.panels import find_scale, save_panels
from ganoscope.counterfactuals.formats import MARK, SUFFIXES, save_difference, save_pixels
from ganoscope.counterfactuals.rows import AddRow, open_table
from ganoscope.counterfactuals.translation import Setting, Translated
from ganoscope.data.affines import find_affine
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.picture import ReadOptions

IMAGES, PANELS, SHEET, TABLE = "images", "panels", "contact_sheet.png", "results.csv"


@dataclass
class FolderWriter:
    """Writes what there is of every image.

    Attributes:
        path: The folder.
        setting: Of the translation.
        panels: Panels still to draw.
        spare: How many of them may be of images that are of the target already.
        add_row: Adds a row to the table.
        scale: Change in stored units at the ends of the colours; the first batch decides.
        shown: Pictures for the contact sheet.
        already: Pictures of images that are of the target already; the sheet ends with them.
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
            files = self._save_pictures(batch, index)
            if index in drawn:
                files["panel"] = f"{PANELS}/{case.name}.png"
            self.add_row(batch, index, files)

    def _choose_panels(self, batch: Translated) -> list[int]:
        """Returns which images of a batch get a panel: true counterfactuals before those of the target already."""
        true, already = (np.flatnonzero(which).tolist() for which in (~batch.pairs.already, batch.pairs.already))
        true = true[: self.panels]
        already = already[: min(self.spare, self.panels - len(true))]
        self.panels -= len(true) + len(already)
        self.spare -= len(already)
        return sorted(true + already)

    def _save_pictures(self, batch: Translated, index: int) -> dict[str, str]:
        """Writes counterfactual, difference and reconstruction of one image, and returns their names."""
        case, run = batch.cases[index], self.setting.translator.run
        notes = {
            "method": run.record.method,
            "images_seen": run.images_seen,
            "weights_sha256": run.weights_sha256,
            "target": str(batch.pairs.target[index]),
        }
        affine = find_affine(case.path, case.source, get_plane(self.setting.geometry)) if case.form == "nifti" else None
        names = {
            kind: f"{IMAGES}/{case.name}_{kind}{SUFFIXES[case.form]}"
            for kind in ("counterfactual", "difference", "reconstruction")
        }
        save_pixels(self.path / names["counterfactual"], batch.written[index], case, affine, notes)
        save_difference(self.path / names["difference"], batch.written[index], case, affine, notes)
        returned = batch.returned[index]
        if returned is None:
            return {kind: name for kind, name in names.items() if kind != "reconstruction"}
        save_pixels(self.path / names["reconstruction"], returned, case, affine, notes)
        return names

    def finish(self) -> None:
        """Writes the contact sheet, of more than one image."""
        pictures = [*self.shown, *self.already][:SHOWN]
        if len(pictures) > 1:
            scale = f"±{self.scale:.3g} {name_unit(self.setting.intensity.unit)}"
            save_contact_sheet(self.path / SHEET, pictures, max(0, len(pictures) - len(self.shown)), scale, MARK)


def get_plane(geometry: GeometryConfig) -> str:
    """Returns the plane in which volumes are cut; images of a store are cut no more."""
    return geometry.plane if isinstance(geometry, ReadOptions) else "axial"


@contextmanager
def open_folder(path: Path, setting: Setting, config: CounterfactualConfig) -> Iterator[FolderWriter]:
    """Yields what fills a new folder."""
    for name in (IMAGES, *([PANELS] if config.panels else [])):
        (path / name).mkdir()
    with open_table(path / TABLE, setting.plan.strengths) as add_row:
        yield FolderWriter(path, setting, config.panels, -(-config.panels // 2), add_row)
