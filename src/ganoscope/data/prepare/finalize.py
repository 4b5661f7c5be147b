"""Finalizes an unfinished store: groups, splits, manifest, intensity map, alarms, removal of the private files."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import save_alarms
from ganoscope.data.checks.leaks import refuse_crossing
from ganoscope.data.checks.patient_ids import list_ids, tell_remedy
from ganoscope.data.checks.soundness import find_alarms
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.facts.examinations import find_examinations
from ganoscope.data.prepare.facts.kinds import count_left_out
from ganoscope.data.prepare.grouping import Columns, group, save_duplicates, search_duplicates
from ganoscope.data.prepare.idle_options import Findings, find_idle_options
from ganoscope.data.prepare.ingest import Ingest
from ganoscope.data.prepare.key import save_key
from ganoscope.data.prepare.listing import Listing
from ganoscope.data.prepare.provisional_rows import Facts, read_columns, read_facts, read_rows
from ganoscope.data.store import COLUMNS, QUARANTINE_COLUMNS, Store, StoreWriter
from ganoscope.data.store.intensity import DTYPE_OF_UNIT, SCALED_UNIT, IntensityMap, parse_window
from ganoscope.data.store.splits import Fractions, make_splits
from ganoscope.errors import UserError, write_count
from ganoscope.files import remove
from ganoscope.files.tables import read_csv, save_csv
from ganoscope.parallel import submit
from ganoscope.progress import CONSOLE

PRIVATE_FILES = ("listing.jsonl", "rows.csv", "rejected.csv", "thumbnails.bin", "progress.json", "plan.json")
BLOCK = 1024


def finish(ingest: Ingest, config: PrepareConfig, layout: str, salt: bytes, workers: int, listing: Listing) -> None:
    """Groups and splits the images, and writes all files of the store and the private `key.csv`.

    With several processes, one searches for near-duplicates while this one continues.

    Args:
        ingest: Unfinished store with all pictures written.
        config: Configuration of `prepare`.
        layout: Name of the layout.
        salt: Secret key for pseudonyms.
        workers: Number of processes.
        listing: Listing of the source.
    """
    writer, folder = ingest.close(), ingest.folder
    facts = read_facts(folder, salt, config.patient_pattern is not None, listing.several_patients)
    facts = replace(facts, source=replace(facts.source, patient_levels=listing.patient_levels))
    tell(ingest, config, facts, listing.formats | ({"dicom"} if layout == "dicom_tree" else frozenset()))
    columns, ids = read_columns(folder, facts.pseudonyms)
    examinations, shared_ids = find_examinations(columns)
    facts = replace(facts, source=replace(facts.source, shared_ids=shared_ids))
    wait_for_duplicates = submit(
        search_duplicates, (folder / "thumbnails.bin", columns.patient, columns.volume), workers
    )
    save_key(folder, facts.pseudonyms)
    save_csv(folder / "quarantine.csv", QUARANTINE_COLUMNS, list_rejected(folder))
    if not ingest.has_series:
        remove(folder / "series.csv")
    intensity = make_intensity(facts, ingest.unit, config.window, writer)
    writer.flush()
    writer.close()
    if workers > 1 and columns.label.any():
        import_module("sklearn.tree")  # needed for the alarms; takes half a second, so load it while the search runs
    with ingest.explaining_reasons():
        duplicates = wait_for_duplicates()
        groups = group(columns, duplicates, examinations)
        splits = choose_splits(groups, columns, config, facts)
    save_duplicates(folder / "duplicates.csv", duplicates, ids, columns)
    write_manifest(folder, ids, groups, splits, facts.pseudonyms)
    stated = ", ".join(name for name in ("masks", "anatomy") if getattr(config, name))
    without_paths = {**asdict(config), "masks": "", "anatomy": "", "stated_masks": stated}
    prepared = {**without_paths, "layout": layout, "ganoscope": version("ganoscope")}
    writer.finish(config.name or layout, intensity, facts.modality, prepared)
    store = Store.open(folder)
    refuse_crossing(store, examinations)
    source = replace(facts.source, left_out=count_left_out(ingest.kinds, ingest.unit))
    save_alarms(folder / "alarms.json", find_alarms(store, source))


def tell(ingest: Ingest, config: PrepareConfig, facts: Facts, formats: frozenset[str]) -> None:
    """Prints what the user's pattern for patient ids matched, and which options had no effect.

    Args:
        ingest: Unfinished store with all pictures written.
        config: Configuration of `prepare`.
        facts: Facts about all images.
        formats: Names of the readers that the files need.
    """
    if config.patient_pattern is not None:
        matched, missed = facts.source.matched_images, facts.source.unmatched_images
        patients = write_count(facts.persons, "patient")
        CONSOLE.print(f"--patient-pattern matched {matched:,} of {matched + missed:,} images: {patients}")
    source_splits, unit = facts.source_splits, ingest.unit
    found = Findings(formats, unit, ingest.has_series, facts.many_frames, facts.scaled, source_splits)
    for line in find_idle_options(config, found):
        CONSOLE.print(line)


def choose_splits(groups: NDArray[np.int32], columns: Columns, config: PrepareConfig, facts: Facts) -> NDArray[np.str_]:
    """Returns the split of every image, shape (N,).

    Args:
        groups: Group numbers, shape (N,).
        columns: Columns needed for grouping, one entry per image.
        config: Configuration of `prepare`.
        facts: Facts about all images, which explain why there are too few groups.

    Raises:
        UserError: There are too few groups.
    """
    if config.split == "test":
        return np.full(len(groups), "test")
    fractions = Fractions(config.validation, config.test)
    try:
        return make_splits(groups, columns.label, columns.source_split, fractions, config.seed)
    except UserError as error:
        raise UserError(f"{error}{explain_patients(facts)}") from None


def explain_patients(facts: Facts) -> str:
    """Returns what is known of the patients if that may be the reason for too few groups; else ""."""
    matched = facts.source.matched_images
    if facts.source.shared_id_images:
        return f" The headers of all files bear one patient id, which was not used. {tell_remedy(facts.source)}"
    if joined := facts.source.shared_ids.joined:
        return (
            f" {list_ids(joined)} under several patient ids, whose images stay together. If these are different "
            "persons, state them with --patient-pattern."
        )
    patients = write_count(facts.persons, "patient")
    return f" --patient-pattern matched {write_count(matched, 'image')}: {patients}." if matched else ""


def write_manifest(
    folder: Path,
    ids: NDArray[np.bytes_],
    groups: NDArray[np.int32],
    splits: NDArray[np.str_],
    pseudonyms: Mapping[str, str],
) -> None:
    """Writes the manifest, with pseudonyms instead of patient ids.

    Args:
        folder: Unfinished store.
        ids: Sample ids, shape (N,).
        groups: Group numbers, shape (N,).
        splits: Split of every image, shape (N,).
        pseudonyms: Pseudonym by patient id.
    """
    folders: dict[str, str] = {}

    def complete() -> Iterator[dict[str, object]]:
        for row, sample_id, member_of, split in zip(read_rows(folder), ids, groups, splits, strict=True):
            where = folders.setdefault(row["taken_from"], f"folder-{len(folders):03d}")
            final = {
                "sample_id": sample_id.decode(),
                "patient": pseudonyms[row["person"]],
                "group": f"group-{member_of:06d}",
                "split": split,
                "folder": where,
            }
            yield {**row, **final}

    save_csv(folder / "manifest.csv", COLUMNS, complete())


def list_rejected(folder: Path) -> Iterator[dict[str, str]]:
    """Yields the rows of `quarantine.csv`: number of each rejected file and the reason."""
    for row in read_csv(folder / "rejected.csv", errors="surrogateescape"):
        yield {"source": f"file-{int(row['number']):07d}", "reason": row["reason"]}


def make_intensity(facts: Facts, unit: str, window: str, writer: StoreWriter) -> IntensityMap:
    """Returns the intensity map: the window for HU, all of 8 or scaled 16 bits, else the range of the stored values.

    Args:
        facts: Facts about all images.
        unit: Unit of the pixels.
        window: Named HU window, or CENTRE/WIDTH.
        writer: Pixel writer of the store, read for plain 16-bit grey values.
    """
    dtype = DTYPE_OF_UNIT[unit]  # type: ignore[index]
    if unit == "HU":
        low, high = parse_window(window) or (-1024.0, 3071.0)
        return IntensityMap(low, high, unit, dtype)
    if unit == "grey 8 bit":
        return IntensityMap(0.0, 255.0, unit, dtype)
    if facts.scaled:
        return IntensityMap(0.0, 65535.0, SCALED_UNIT, dtype)
    pixels = writer.read()
    blocks = [pixels[at : at + BLOCK] for at in range(0, len(pixels), BLOCK)]
    return IntensityMap(
        float(min(block.min() for block in blocks)), float(max(block.max() for block in blocks)), unit, dtype
    )


def remove_private(folder: Path) -> None:
    """Removes all files that hold names of persons or files."""
    for name in PRIVATE_FILES:
        remove(folder / name)
