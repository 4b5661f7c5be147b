"""`ganoscope phantom`: draws phantoms into a store, with patients, classes, splits and exact lesion masks."""

from dataclasses import asdict
from pathlib import Path

from ganoscope.alarms import save_alarms
from ganoscope.data.checks.soundness import find_alarms
from ganoscope.data.phantoms import make_phantoms
from ganoscope.data.phantoms.phantom_store import INTENSITY, MODALITY, PhantomConfig, draw_phantoms, write_manifest
from ganoscope.data.store import QUARANTINE_COLUMNS, Store, StoreWriter
from ganoscope.errors import UserError
from ganoscope.files import new_folder
from ganoscope.files.tables import save_csv
from ganoscope.locks import one_writer

DEFAULTS = PhantomConfig()


def phantom(store: Path, config: PhantomConfig = DEFAULTS) -> Store:
    """Draws phantoms into a new store and returns it.

    Args:
        store: Folder to create.
        config: Which phantoms to draw.

    Raises:
        UserError: A value is out of range, or `store` is not empty.
    """
    try:
        phantoms = make_phantoms(config.modality, config.number, config.size, config.seed, shortcut=config.shortcut)
    except ValueError as error:
        raise UserError(str(error)) from None
    intensity, modality = INTENSITY[config.modality], MODALITY[config.modality]
    with one_writer(store), new_folder(store) as folder:
        writer = StoreWriter(folder, config.size, intensity.dtype)
        labels = draw_phantoms(phantoms, writer, config)
        write_manifest(folder, config, labels)
        save_csv(folder / "quarantine.csv", QUARANTINE_COLUMNS, [])
        writer.finish(f"{config.modality} phantoms", intensity, modality, asdict(config))
        save_alarms(folder / "alarms.json", find_alarms(Store.open(folder)))
    return Store.open(store)
