"""Opens the images to translate: a store, a file, or a folder of files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ganoscope.classifiers.fitness import refuse_dependent
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.cases.case import Case, Refused
from ganoscope.counterfactuals.cases.file_cases import count_images, iterate_key, open_files, open_listing
from ganoscope.counterfactuals.cases.store_cases import choose_indices, iterate_store
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.prepare.key import OWNER_ONLY, find_key_path
from ganoscope.data.prepare.listing import Listing
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation.subjects import refuse_misfit, refuse_modality
from ganoscope.files.tables import save_csv
from ganoscope.training.run_folder.trained_run import TrainedRun


@dataclass(frozen=True)
class Source:
    """The images to translate.

    Attributes:
        cases: The images, and the files that are not translated.
        total: Number of images to translate; None where it is not known before they are read.
        geometry: How images reach the networks' square.
        listing: The files that hold the images; None for a store.
        key: Where to write the file behind each number; None for a store or a single file.
        left_out: Number of images of the store that belong to neither domain.
        most: Most images to translate; None for all.
    """

    cases: Iterator[Case | Refused]
    total: int | None
    geometry: GeometryConfig
    listing: Listing | None = None
    key: Path | None = None
    left_out: int = 0
    most: int | None = None

    def read(self, size: int, note_refused: Callable[[Refused], None]) -> Iterator[list[Case]]:
        """Yields the cases, up to `size` at a time.

        Args:
            size: Most cases of a batch.
            note_refused: Takes each file that is not translated.
        """

        def take() -> Iterator[Case]:
            for case in self.cases:
                if isinstance(case, Refused):
                    note_refused(case)
                else:
                    yield case

        chosen = islice(take(), self.most)
        while batch := list(islice(chosen, size)):
            yield batch


@contextmanager
def open_source(
    images: Path,
    out: Path,
    run: TrainedRun,
    judge: TrainedClassifier | None,
    store: Store | None,
    config: CounterfactualConfig,
) -> Iterator[Source]:
    """Yields the images of a store, a file or a folder.

    Args:
        images: Their place.
        out: Folder to create; the key is written beside it.
        run: The run that the images must fit.
        judge: The independent classifier, which should not have seen them; None without one.
        store: The store that the run was trained on; None where it is gone.
        config: Which images to translate.

    Raises:
        UserError: The images are not there or do not fit the run, or the independent classifier was trained on held-out
            images of their store.
    """
    if (images / "store.json").exists():
        yield open_store_source(Store.open(images), run, judge, store, config)
        return
    if store is None:
        raise UserError(
            f"the store that run {run.path} was trained on is not at {run.record.store}: images in files are "
            f"converted as that store was. Give its path with --store STORE."
        )
    reader = open_files(store, run.record, judge, config.hu_offset, config.file_limits)
    key = find_key_path(out, config.key) if images.is_dir() else None
    with open_listing(images, reader.prepared) as listing:
        total = min(filter(None, (count_images(listing), config.number)), default=None)
        yield Source(reader.iterate(listing), total, reader.prepared, listing, key, most=config.number)


def open_store_source(
    given: Store,
    run: TrainedRun,
    judge: TrainedClassifier | None,
    own: Store | None,
    config: CounterfactualConfig,
) -> Source:
    """Returns the images of a store.

    Args:
        given: The store of the images.
        run: The run that the images must fit.
        judge: The independent classifier; None without one.
        own: The store that the run was trained on; None where it is gone.
        config: Which images to translate.

    Raises:
        UserError: The store is damaged, does not fit the run, or has no images to translate, or the independent
            classifier was trained on its held-out images.
    """
    given.verify()
    refuse_misfit(run, given)
    refuse_modality(f"store {given.path}", given.modality, own)
    indices, foreign = choose_indices(given, config, run)
    if judge:
        refuse_dependent(judge, given)
    cases = iterate_store(given, indices, run, judge)
    return Source(cases, len(indices), GeometryConfig(given.size), left_out=len(foreign), most=config.number)


def save_key(source: Source) -> None:
    """Writes the file behind each number, readable by the owner only; does nothing without a key."""
    if source.key is None or source.listing is None:
        return
    rows = ({"file": file, "name": name} for file, name in iterate_key(source.listing))
    save_csv(source.key, ("file", "name"), rows, mode=OWNER_ONLY)
