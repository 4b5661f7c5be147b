"""Data set and method: images by split and label, and how patients were grouped."""

from collections import Counter

import numpy as np

from ganoscope.data.store import Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.splits import SPLITS
from ganoscope.reports.kit.content import Chapter, Part, Section, Table
from ganoscope.reports.run.artefacts import Sources
from ganoscope.reports.run.sections.model import describe_model
from ganoscope.training.run_folder.record import RunRecord

SPLIT_NAMES = {"train": "Train", "validation": "Validation", "test": "Test"}


def make_chapter(sources: Sources) -> Chapter:
    """Returns the chapter on the data set and the method."""
    record = sources.trained.record
    sections = (describe_data(record, sources.store), describe_model(record))
    return Chapter("data", "Data set and method", sections)


def describe_data(record: RunRecord, store: Part[Store]) -> Section:
    """Returns the data set: intensity map, images per split and label, patients and groups."""
    sentences = (
        f"Data set {record.store_name}: trained on {len(record.sample_ids):,} images of {record.size} × {record.size} "
        "px, one channel.",
        describe_intensity(record.intensity),
    )
    if store.value is None:
        missing = f"{store.missing} Counts per split and label, and the grouping of patients, can't be shown."
        return Section((*sentences, missing))
    splits, labels = store.value.column("split").tolist(), store.value.column("label").tolist()
    tables = (count_images(splits, labels), count_groups(store.value))
    return Section((*sentences, describe_patients(store.value)), tables)


def describe_intensity(intensity: IntensityMap) -> str:
    """Returns how stored values are mapped to the networks' range."""
    return (
        f"Intensity: stored values ({intensity.unit}, {intensity.dtype}) from {intensity.low:g} to {intensity.high:g} "
        "are mapped linearly to [-1, 1], the same way for all images, and back on output."
    )


def describe_patients(store: Store) -> str:
    """Returns how independent the splits of a store are."""
    unknown = int((store.column("patient") == "").sum())
    pairs = np.unique(np.stack([store.column("group"), store.column("split")]), axis=1)
    crossing = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    number = f"{crossing:,}" if crossing else "no"
    apart = f"{number} {'groups lie' if crossing > 1 else 'group lies'} in more than one split"
    if not unknown:
        return f"Patients are known for all images, and images are grouped by patient: {apart}."
    return (
        f"The patient is unknown for {unknown:,} of {store.count:,} images. Volumes and clusters of near-duplicates "
        f"stand in for these patients: {apart}, but two dissimilar images of one patient may lie in different splits."
    )


def count_images(splits: list[str], labels: list[str]) -> Table:
    """Returns the number of images per label and split.

    Args:
        splits: Part of each image.
        labels: Label of each image, "" for none.
    """
    counts = Counter(zip(labels, splits, strict=True))
    rows = [(label or "(no label)", [counts[label, split] for split in SPLITS]) for label in sorted(set(labels))]
    if len(rows) > 1:
        rows.append(("All", [splits.count(split) for split in SPLITS]))
    written = tuple((name, *(f"{n:,}" for n in (*numbers, sum(numbers)))) for name, numbers in rows)
    return Table("Images per label and split", ("Label", *SPLIT_NAMES.values(), "All"), written)


def count_groups(store: Store) -> Table:
    """Returns the number of independent groups and of known patients per split."""
    splits, groups, patients = (store.column(name) for name in ("split", "group", "patient"))
    rows = tuple(
        (name, *(f"{len(np.unique(ids[(splits == split) & (ids != '')])):,}" for split in SPLITS))
        for name, ids in (("Groups", groups), ("Known patients", patients))
    )
    return Table("Independent groups per split", ("", *SPLIT_NAMES.values()), rows)
