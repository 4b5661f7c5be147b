"""Images of a store as cases; their own geometry is the store's."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.cases.case import Case, draw_boxes
from ganoscope.counterfactuals.cases.seen import list_seen, make_finder
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.data.geometry.placement import Placement, Rectangle, parse_placement
from ganoscope.data.picture import Picture, Unit
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Sample, Store
from ganoscope.data.store.intensity import SCALED_UNIT, IntensityMap
from ganoscope.data.store.splits import SPLITS
from ganoscope.errors import UserError, describe
from ganoscope.explanation.subjects import refuse_misfit
from ganoscope.training.run_folder.trained_run import RunStore, TrainedRun, refuse_changed_store


def find_run_store(run: TrainedRun, config: CounterfactualConfig) -> Store | None:
    """Returns the store that the run was trained on; None where it is gone or was changed.

    Raises:
        UserError: There is no store at --store, or another one; or the store is damaged.
    """
    found = run.open_store(config.store)
    if config.store:
        refuse_changed_store(run, found)
        found = RunStore(found.path, found.store or Store.open(config.store))  # raises: it says what is missing
    if found.store:
        found.store.verify()
    return found.store


def find_unit(intensity: IntensityMap) -> Unit:
    """Returns the unit of pictures in a store with that map."""
    unit: Any = "signal" if intensity.unit == SCALED_UNIT else intensity.unit
    return unit


def get_prepared(store: Store) -> PrepareConfig:
    """Returns how a store was prepared, without a modality that the user stated; the defaults for phantoms."""
    known = {field.name for field in fields(PrepareConfig)} - {"size", "modality"}
    settings = {name: value for name, value in store.prepared.items() if name in known}
    return PrepareConfig(**settings, size=store.size)


def choose_indices(
    store: Store, config: CounterfactualConfig, run: TrainedRun
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns positions in the store of the images to translate, shape (N,), and of those of neither domain, (M,).

    Args:
        store: Store of the images.
        config: Which split of it, and how many images.
        run: Run with the domains.

    Raises:
        UserError: The requested split has no images to translate.
    """
    indices = store.indices(*(SPLITS if config.split == "all" else (config.split,)))
    labels, domains = store.column("label"), run.record.domains
    by_class = not run.record.target_fingerprint
    foreign = (labels != "") & ~np.isin(labels, domains) & by_class
    chosen = indices[~foreign[indices]]
    if not len(chosen):
        counts = ", ".join(f"{split} ({(~foreign[store.indices(split)]).sum():,})" for split in SPLITS)
        fault = f"store {store.path} has no images of {' or '.join(domains)} in that split"
        raise UserError(describe(fault, config.split, counts, "See --split."))
    return choose_evenly(chosen, labels[chosen], config.number), indices[foreign[indices]]


def choose_evenly(indices: NDArray[np.int64], labels: NDArray[np.str_], most: int | None) -> NDArray[np.int64]:
    """Returns up to `most` positions in ascending order, in equal parts the first ones of each class.

    Args:
        indices: Positions in ascending order, shape (N,).
        labels: Class of each, shape (N,).
        most: How many; None for all.

    Example:
        >>> choose_evenly(np.arange(6), np.array(["a", "a", "a", "a", "b", "b"]), 3).tolist()
        [0, 1, 4]
    """
    rank = np.zeros(len(indices), np.int64)
    for label in np.unique(labels).tolist():
        rank[labels == label] = np.arange((labels == label).sum())
    return np.sort(indices[np.argsort(rank, kind="stable")[:most]])


def iterate_store(
    store: Store, indices: NDArray[np.int64], run: TrainedRun, judge: TrainedClassifier | None = None
) -> Iterator[Case]:
    """Yields images of a store.

    Args:
        store: Store of the images.
        indices: Positions of the images in the store, shape (N,).
        run: Domains and training images.
        judge: Independent classifier, for its training images; None without one.

    Raises:
        UserError: Size or intensities are not the run's.
    """
    refuse_misfit(run, store)
    record = run.record
    is_trained = make_finder(record.sample_ids, store, {record.store_fingerprint, record.target_fingerprint})
    is_judged = make_finder(list_seen(judge), store, {judge.record.store_fingerprint} if judge else set())
    wanted = set(indices.tolist())
    unit = find_unit(store.intensity)
    for index, sample in enumerate(store.samples()):
        if index not in wanted:
            continue
        pixels, whole = np.asarray(store.images[index]), Rectangle(0, 0, store.size, store.size)
        yield Case(
            name=sample.sample_id,
            file="",
            source=Picture(pixels, unit, spacing_mm=parse_spacing(sample.spacing_mm)),
            pixels=pixels,
            placement=Placement(whole, whole),
            filled=parse_placement(sample.placement).filled if sample.placement else whole,
            group=sample.group,
            label=find_domain(store, sample, run),
            mask=find_mask(store, index, sample),
            anatomy=np.asarray(store.anatomy[index]) if sample.anatomy and store.anatomy is not None else None,
            form="nifti" if unit == "HU" else "png",
            trained=is_trained(sample),
            judged=is_judged(sample),
        )


def find_domain(store: Store, sample: Sample, run: TrainedRun) -> str:
    """Returns the run's domain that an image of a store belongs to, by its class or by its store; "" where unknown.

    Args:
        store: Store of the image.
        sample: Row of the image.
        run: Run with the domains.
    """
    record = run.record
    if record.target_fingerprint:
        known = {record.store_fingerprint: record.domains[0], record.target_fingerprint: record.domains[1]}
        return known.get(store.fingerprint, "")
    return sample.label if sample.label in record.domains else ""


def find_mask(store: Store, index: int, sample: Sample) -> NDArray[np.bool_] | None:
    """Returns the annotated finding of an image, from its mask or its boxes, shape (S, S).

    Args:
        store: Store of the image.
        index: Position of the image in the store.
        sample: Row of the image.

    Returns:
        None where nothing was annotated.
    """
    if sample.annotated and store.masks is not None:
        return np.asarray(store.masks[index])
    return draw_boxes(sample.boxes, store.size) if sample.boxes else None


def parse_spacing(text: str) -> tuple[float, float] | None:
    """Returns row and column spacing in mm that a manifest states; None for "".

    Example:
        >>> parse_spacing("0.7 x 0.7"), parse_spacing("")
        ((0.7, 0.7), None)
    """
    if not text:
        return None
    row, column = map(float, text.split("x"))
    return row, column
