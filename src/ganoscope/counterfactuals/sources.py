"""Where images to translate come from: a store, a file, or a folder of files."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ganoscope.classifiers.fitness import refuse_as_judge
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.counterfactuals.cases import Case, Refused, choose_indices, iterate_store
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.file_cases import count_images, iterate_key, open_files, open_listing
from ganoscope.counterfactuals.translator import Translator
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.prepare.key import OWNER_ONLY, find_key_path
from ganoscope.data.prepare.listing import Listing
from ganoscope.data.store import Store
from ganoscope.data.store.domains import Domain
from ganoscope.errors import UserError
from ganoscope.explanation.subjects import refuse_misfit, refuse_modality
from ganoscope.files import replacing
from ganoscope.training.feeding import open_run_domains
from ganoscope.training.run_folder.trained_run import TrainedRun


@dataclass(frozen=True)
class Source:
    """Where images come from.

    Attributes:
        cases: The images, and the files that are not taken.
        total: Number of images; None where it shows only when they are read.
        geometry: How they come to the networks' square.
        store: The store that they are of, or None.
        listing: The files that they are in, or None.
        key: Where to write which file stands behind which number; None for a store or a single file.
        left_out: Images of the store that are of other classes than the run's domains.
    """

    cases: Iterator[Case | Refused]
    total: int | None
    geometry: GeometryConfig
    store: Store | None = None
    listing: Listing | None = None
    key: Path | None = None
    left_out: int = 0


@contextmanager
def open_source(
    images: Path,
    out: Path,
    translator: Translator,
    judge: TrainedClassifier | None,
    store: Store | None,
    config: CounterfactualConfig,
) -> Iterator[Source]:
    """Yields the images of a store, a file or a folder.

    Args:
        images: Their place.
        out: Folder that will be made; the key lies beside it.
        translator: Whose images they must be like.
        judge: The independent classifier, which should not know them.
        store: The one that the run was trained on, where it is still there.
        config: Which of them to take.

    Raises:
        UserError: They are not there, or not of the run's kind.
    """
    if (images / "store.json").exists():
        given = Store.open(images)
        given.verify()
        refuse_misfit(translator.run, given)
        refuse_modality(f"store {given.path}", given.modality, store)
        indices, foreign = choose_indices(given, config, translator)
        cases = iterate_store(given, indices, translator, judge)
        yield Source(cases, len(indices), GeometryConfig(given.size), given, left_out=len(foreign))
        return
    if store is None:
        raise UserError(
            f"the store that run {translator.run.path} was trained on is not at {translator.run.record.store}: how it "
            "was prepared decides how images in files reach the networks. Say where it is: --store STORE."
        )
    reader = open_files(store, translator.run.record, judge, config.hu_offset)
    key = find_key_path(out, config.key) if images.is_dir() else None
    with open_listing(images, reader.prepared) as listing:
        yield Source(reader.iterate(listing), count_images(listing), reader.prepared, None, listing, key)


def refuse_judge(judge: TrainedClassifier | None, source: Source) -> None:
    """Refuses a judge that has learned from held-out images of the store that it is to judge."""
    if judge and source.store:
        refuse_as_judge(judge, source.store)


def open_real(run: TrainedRun, store: Store | None) -> dict[str, Domain]:
    """Returns the run's domains by name, with their real images; nothing where they are no longer at their place."""
    if store is None:
        return {}
    try:
        a, b = open_run_domains(run.record.train, store)
    except UserError:  # the second store is gone
        return {}
    changed = run.record.target_fingerprint not in ("", b.store.fingerprint)
    return {} if changed else {a.name: a, b.name: b}


def save_key(path: Path, source: Source) -> None:
    """Writes which file stands behind which number, readable by its owner alone."""
    assert source.listing is not None
    with replacing(path) as partial:
        partial.touch(OWNER_ONLY)
        with partial.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerows([("file", "name"), *iterate_key(source.listing)])
