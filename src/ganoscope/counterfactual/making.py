"""Counterfactuals from the request to the folder: read, translate, measure, write, batch by batch; then sum up."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from ganoscope.classifier import TrainedClassifier, refuse_as_judge
from ganoscope.counterfactual.cases import (
    Case,
    Refused,
    choose_indices,
    find_run_store,
    iterate_store,
)
from ganoscope.counterfactual.classifiers import open_explained, open_judge, refuse_same
from ganoscope.counterfactual.config import CounterfactualConfig
from ganoscope.counterfactual.files import count_images, iterate_key, open_files, open_listing
from ganoscope.counterfactual.folder import open_folder
from ganoscope.counterfactual.results import Gathered, Outcome, conclude
from ganoscope.counterfactual.sets import SetMeasures
from ganoscope.counterfactual.translating import Setting, choose_batch, translate_batch
from ganoscope.counterfactual.translator import Translator, open_translator, refuse_target
from ganoscope.data.domains import Domain
from ganoscope.data.geometry import GeometryConfig
from ganoscope.data.prepare.key import OWNER_ONLY, find_key_path
from ganoscope.data.prepare.listing import Listing
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.counterfactual import MeasuringPlan
from ganoscope.explain.subjects import refuse_misfit, refuse_modality
from ganoscope.files import new_folder, refuse_existing, replacing
from ganoscope.generation.sources import gather
from ganoscope.progress import ProgressBar
from ganoscope.training.feeding import open_run_domains
from ganoscope.training.processes import choose_device
from ganoscope.training.restore import TrainedRun, open_run


def make_counterfactuals(run_path: Path, images: Path, out: Path, config: CounterfactualConfig) -> Outcome:
    """Translates images to their target class, measures what that is worth, and writes all of it into a new folder.

    Args:
        run_path: Run of a method that translates.
        images: A store, an image file of any supported format, or a folder of such files.
        out: Folder to make.
        config: What to do.

    Raises:
        UserError: Run, classifiers and images don't fit together, no image can be taken, or `out` is not empty.
    """
    refuse_existing(out)
    device = choose_device(config.device)
    translator = open_translator(open_run(run_path, device, config.checkpoint), device)
    _, explained, judge, store = gather(
        partial(refuse_target, translator, config.target),
        partial(open_explained, translator, config, device),
        partial(open_judge, translator, config, device),
        partial(find_run_store, translator.run, config),
    )
    refuse_same(explained, judge)
    if judge:
        refuse_modality(f"judge {judge.path}", judge.record.modality, store)
    strengths = np.linspace(0, 1, config.steps)
    plan = MeasuringPlan(translator.run.record.intensity, strengths, explained, judge, config.attack_steps)
    with open_source(images, out, translator, judge, store, config) as source:
        refuse_judge(judge, source)
        setting = Setting(translator, plan, source.geometry, config.target)
        sets = SetMeasures(setting, open_real(translator.run, store), judge, config.seed)
        with new_folder(out) as folder:
            gathered = translate_all(folder, setting, source, sets, config)
            outcome = conclude(folder, setting, gathered, sets, config)
        if source.key:
            save_key(source.key, source)
    return outcome


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


def translate_all(
    folder: Path, setting: Setting, source: Source, sets: SetMeasures, config: CounterfactualConfig
) -> Gathered:
    """Translates, measures and writes every image; returns what was measured.

    Raises:
        UserError: No image can be taken.
    """
    gathered = Gathered(left_out=source.left_out)
    total = min(source.total, config.number or source.total) if source.total else config.number
    size = config.batch_size or choose_batch(setting.translator.run.record.size, setting.translator.device)
    with open_folder(folder, setting, config) as writer, ProgressBar("translating", total) as bar:
        for cases in make_batches(source.cases, size, config.number, gathered):
            for batch in translate_batch(setting, cases):
                writer.add(batch)
                sets.add(batch)
                gathered.add(batch)
                bar.advance(len(batch.cases))
        if not gathered.targets:
            reasons = Counter(one.reason for one in gathered.refused).most_common(8)
            listed = "".join(f"\n  {count:,} x {reason}" for reason, count in reasons)
            raise UserError(f"no image can be taken; of {len(gathered.refused):,} picture(s):{listed}")
        writer.finish()
    return gathered


def make_batches(
    cases: Iterator[Case | Refused], size: int, most: int | None, gathered: Gathered
) -> Iterator[list[Case]]:
    """Yields cases, `size` at a time and `most` in all; notes the files that are not taken."""

    def take() -> Iterator[Case]:
        for case in cases:
            if isinstance(case, Refused):
                gathered.refused.append(case)
            else:
                yield case

    chosen = islice(take(), most)
    while batch := list(islice(chosen, size)):
        yield batch


def save_key(path: Path, source: Source) -> None:
    """Writes which file stands behind which number, readable by its owner alone."""
    assert source.listing is not None
    with replacing(path) as partial:
        partial.touch(OWNER_ONLY)
        with partial.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerows([("file", "name"), *iterate_key(source.listing)])
