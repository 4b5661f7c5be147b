"""`ganoscope phantom`: phantoms as a store, with patients, classes, splits and exact lesion masks."""

import csv
from dataclasses import asdict
from pathlib import Path

from ganoscope.alarms import save_alarms
from ganoscope.data.checks.soundness import find_alarms
from ganoscope.data.phantoms import make_phantoms
from ganoscope.data.phantoms.phantom_store import INTENSITY, MODALITY, PhantomConfig, describe_phantom, write_manifest
from ganoscope.data.store import QUARANTINE_COLUMNS, Store, StoreWriter
from ganoscope.errors import UserError
from ganoscope.files import new_folder, save_csv
from ganoscope.progress import ProgressBar

DEFAULTS = PhantomConfig()


def phantom(store: Path, config: PhantomConfig = DEFAULTS) -> Store:
    """Draws phantoms into a new store, and returns it.

    Args:
        store: Folder to make.
        config: Which phantoms to draw.

    Raises:
        UserError: A value is out of range, or `store` is not empty.
    """
    try:
        phantoms = make_phantoms(config.modality, config.number, config.size, config.seed, shortcut=config.shortcut)
    except ValueError as error:
        raise UserError(str(error)) from None
    with new_folder(store) as folder:
        intensity = INTENSITY[config.modality]
        writer = StoreWriter(folder, config.size, intensity.dtype)
        labels: list[str] = []
        with (
            ProgressBar(f"drawing {config.modality} phantoms", config.number) as bar,
            (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file,
        ):
            rows = csv.writer(file)
            for index, drawn in enumerate(phantoms):
                writer.append(drawn.pixels, drawn.mask)
                rows.writerow((drawn.patient, drawn.label, describe_phantom(drawn, index, config)))
                labels.append(drawn.label)
                bar.advance(1)
        write_manifest(folder, config, labels)
        save_csv(folder / "quarantine.csv", QUARANTINE_COLUMNS, [])
        writer.finish(f"{config.modality} phantoms", intensity, MODALITY[config.modality], asdict(config))
        save_alarms(folder / "alarms.json", find_alarms(Store.open(folder)))
    return Store.open(store)
