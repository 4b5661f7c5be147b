"""The images that are translated: of a store, each as it was given and as the networks see it."""

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import ID_LENGTH, TrainedClassifier
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.translator import Translator
from ganoscope.data.geometry.placement import Placement, Rectangle, parse_placement
from ganoscope.data.picture import Picture, Unit
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Sample, Store
from ganoscope.data.store.intensity import SCALED_UNIT, IntensityMap
from ganoscope.data.store.splits import SPLITS
from ganoscope.errors import UserError, describe
from ganoscope.explanation.subjects import refuse_misfit, stem
from ganoscope.training.run_folder.trained_run import TrainedRun


@dataclass(frozen=True)
class Case:
    """One image to translate.

    Attributes:
        name: Sample id, or the number of an image from a file.
        file: Number of the source file, or "".
        source: As given: its own size, unit and spacing.
        pixels: As a store would hold it: stored units, shape (S, S).
        placement: Where the source lies in it.
        filled: Where the picture that was prepared lies in it: beside it is padding.
        group: Patient or near-duplicate cluster.
        label: The run's domain that it is of, or "".
        raw_range: Source values at the ends of 16 bits, where it was scaled.
        mask: Annotated finding, shape (S, S); None where there is none.
        form: Format that its counterfactual is written in.
        hu_offset: What PNG adds to HU.
        path: Its file, for the geometry in its header; never written anywhere.
        trained: Whether the run was trained on it.
        judged: Whether the judge was trained on it, or chosen by it.
    """

    name: str
    file: str
    source: Picture
    pixels: NDArray[np.generic]
    placement: Placement
    filled: Rectangle
    group: str
    label: str = ""
    raw_range: tuple[float, float] | None = None
    mask: NDArray[np.bool_] | None = None
    form: Literal["png", "nifti"] = "png"
    hu_offset: int = 0
    path: Path | None = None
    trained: bool = False
    judged: bool = False

    @property
    def padding(self) -> NDArray[np.bool_]:
        """Where no picture was, shape (S, S)."""
        padding, filled = np.ones(self.pixels.shape, bool), self.filled
        top, left = int(filled.top), int(filled.left)
        padding[top : top + int(filled.height), left : left + int(filled.width)] = False
        return padding


@dataclass(frozen=True)
class Refused:
    """A file that is not taken.

    Attributes:
        file: Its number.
        reason: Why.
    """

    file: str
    reason: str


def find_unit(intensity: IntensityMap) -> Unit:
    """Returns the unit of pictures in a store with that map."""
    unit: Any = "signal" if intensity.unit == SCALED_UNIT else intensity.unit
    return unit


def find_run_store(run: TrainedRun, config: CounterfactualConfig) -> Store | None:
    """Returns the store that the run was trained on; None where it is no longer at its place.

    Raises:
        UserError: The one that is named with --store is another one.
    """
    path = config.store or Path(run.record.store)
    if not config.store and not (path / "store.json").exists():
        return None
    store = Store.open(path)
    if store.fingerprint == run.record.store_fingerprint:
        return store
    if not config.store:
        return None
    fault = f"store {path} is not the one that run {run.path} was trained on: its fingerprint differs"
    given, wanted = store.fingerprint[:12], run.record.store_fingerprint[:12]
    raise UserError(describe(fault, given, wanted, "Name the run's own store with --store."))


def get_prepared(store: Store) -> PrepareConfig:
    """Returns how a store was prepared, but for a modality that was claimed; the defaults for phantoms."""
    known = {field.name for field in fields(PrepareConfig)} - {"size", "modality"}
    settings = {name: value for name, value in store.prepared.items() if name in known}
    return PrepareConfig(**settings, size=store.size)


def choose_indices(
    store: Store, config: CounterfactualConfig, translator: Translator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the positions of the images to take, and of those of the same part that are of neither domain.

    Raises:
        UserError: The part that is asked for has no images to take.
    """
    indices = store.indices(*(SPLITS if config.part == "all" else (config.part,)))
    labels, domains = store.column("label"), translator.run.record.domains
    by_class = not translator.run.record.target_fingerprint
    foreign = (labels != "") & ~np.isin(labels, domains) & by_class
    chosen = indices[~foreign[indices]]
    if not len(chosen):
        counts = ", ".join(f"{part} ({(~foreign[store.indices(part)]).sum():,})" for part in SPLITS)
        fault = f"store {store.path} has no images of {' or '.join(domains)} in that part"
        raise UserError(describe(fault, config.part, counts, "See --part."))
    return chosen[: config.number], indices[foreign[indices]]


def iterate_store(
    store: Store, indices: NDArray[np.int64], translator: Translator, judge: TrainedClassifier | None = None
) -> Iterator[Case]:
    """Yields images of a store; their own geometry is the store's.

    Raises:
        UserError: Size or intensities are not the run's.
    """
    refuse_misfit(translator.run, store)
    record = translator.run.record
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
            label=find_domain(store, sample, translator),
            mask=find_mask(store, index, sample),
            form="nifti" if unit == "HU" else "png",
            trained=is_trained(sample),
            judged=is_judged(sample),
        )


def make_finder(ids: Iterable[str], store: Store, fingerprints: Set[str]) -> Callable[[Sample], bool]:
    """Returns what tells whether an image of a store is among those that something was trained on.

    In another store only ids that begin with the source file's hash count: phantoms are numbered in each store anew.

    Args:
        ids: Sample ids of what it was trained on.
        store: Holds the image.
        fingerprints: Of the stores that it was trained on.
    """
    stems, own = set(map(stem, ids)), store.fingerprint in fingerprints

    def is_known(sample: Sample) -> bool:
        told = own or sample.sample_id[:ID_LENGTH] == sample.source_sha256[:ID_LENGTH]
        return told and stem(sample.sample_id) in stems

    return is_known


def list_seen(judge: TrainedClassifier | None) -> list[str]:
    """Returns ids of the images that a judge was trained on or chosen by; none without a judge."""
    return [*judge.record.sample_ids, *judge.record.validation_ids] if judge else []


def find_domain(store: Store, sample: Sample, translator: Translator) -> str:
    """Returns the run's domain that an image of a store is of, by its class or by its store; "" where neither says."""
    record = translator.run.record
    if record.target_fingerprint:
        known = {record.store_fingerprint: record.domains[0], record.target_fingerprint: record.domains[1]}
        return known.get(store.fingerprint, "")
    return sample.label if sample.label in record.domains else ""


def find_mask(store: Store, index: int, sample: Sample) -> NDArray[np.bool_] | None:
    """Returns the annotated finding of an image, by mask or by boxes; None where nothing was annotated."""
    if sample.annotated and store.masks is not None:
        return np.asarray(store.masks[index])
    return draw_boxes(sample.boxes, store.size) if sample.boxes else None


def draw_boxes(boxes: str, size: int) -> NDArray[np.bool_]:
    """Returns the pixels that boxes touch, shape (size, size), for what a manifest says of them.

    Example:
        >>> int(draw_boxes("1 0 2 3; 0 0 1 1", size=4).sum())
        7
    """
    mask = np.zeros((size, size), bool)
    for box in boxes.split(";"):
        x, y, width, height = map(float, box.split())
        rows, columns = (slice(max(0, int(low)), max(0, int(np.ceil(low + n)))) for low, n in ((y, height), (x, width)))
        mask[rows, columns] = True
    return mask


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
