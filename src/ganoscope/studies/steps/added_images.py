"""Tasks that provide the images an arm adds, as a store: drawn from a generator, or taken from another tool's."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes
from ganoscope.errors import UserError, describe
from ganoscope.files import save_json
from ganoscope.generation.candidates import Candidate, RejectedError, Tally, draw_candidates
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import Request
from ganoscope.generation.screening import make_screening
from ganoscope.generation.writing import describe_screening
from ganoscope.generators.image_store import save_images
from ganoscope.generators.same_store import open_same
from ganoscope.seeds import Stream, stream
from ganoscope.studies.result_files import IMAGES, RUN, STORE
from ganoscope.tasks.own_modules import import_modules
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run

REVISIONS = {"draw_images": 1, "take_images": 1}


def draw_images(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    drawing: Mapping[str, Any],
    device: Literal["auto", "cpu", "cuda"],
    run: str = "",
    weights: str = "",
    modules: Mapping[str, str] | None = None,
) -> None:
    """Draws images from a generator, with the classes as frequent as among the split's training images.

    Args:
        output: Folder of the result: the store of the images, unless none passes, and `images.json`.
        inputs: `data`: the split's training patients; `generator`: its run, unless `run` names one for all splits;
            `classifier`: its baseline classifier, for screening.
        drawing: `ratio`: images per real training image, or `number` of images; `screened`: whether copies and images
            of doubtful class are replaced; `confidence`: lowest probability of the class of an image that is kept;
            `seed`.
        device: Device to compute on.
        run: Folder of the one run for all splits.
        weights: SHA-256 of its weights.
        modules: Hash of each of the user's own modules that it may run, by dotted name.

    Raises:
        UserError: The run is not the one of the design.
    """
    import_modules(modules)
    screened, confidence, seed = (drawing[name] for name in ("screened", "confidence", "seed"))
    data = Store.open(inputs["data"] / STORE)
    ratio, kind = find_ratio(drawing, data), choose_device(device)
    trained = open_run(Path(run) if run else inputs["generator"] / RUN, kind)
    if run and trained.weights_sha256 != weights:
        raise UserError(f"run {run} is no longer the one that the study was designed for: its weights have changed.")
    judge = inputs["classifier"] / RUN if screened else None
    minimum = confidence if screened else None
    config = GenerateConfig(seed=seed, reject_copies=screened, classifier=judge, min_label_confidence=minimum)
    screening = make_screening(
        trained, data if screened else None, open_classifier(judge, kind) if judge else None, config
    )
    tally = Tally(make_exact_request(trained, data, ratio, seed))
    kept = collect_passing(draw_candidates(tally.request, screening, config, tally))
    labels = [trained.classes[one.code] for one in kept]
    if kept:
        save_images(data, np.stack([one.pixels for one in kept]), labels, output / STORE)
    record = {"method": trained.record.method, "images": len(kept), **describe_screening(screening, tally)}
    save_json(output / IMAGES, record)


def find_ratio(drawing: Mapping[str, Any], data: Store) -> float:
    """Returns the number of images per real training image.

    Args:
        drawing: With a `number` of images, or else a `ratio`.
        data: The split's training patients.
    """
    number = drawing.get("number")
    return number / len(data.indices("train")) if number else float(drawing["ratio"])


def make_exact_request(run: TrainedRun, data: Store, ratio: float, seed: int) -> Request:
    """Returns a request for `ratio` images per real training image, class by class.

    Args:
        run: The generator.
        data: The split's training patients.
        ratio: Images per real training image.
        seed: Random seed.

    Raises:
        UserError: The run is not conditioned on the classes of the store.
    """
    counts = count_classes(data)
    if set(run.classes) != set(counts):
        given = ", ".join(run.classes) or "none"
        raise UserError(
            describe(f"run {run.path} knows other classes than the store", given, ", ".join(counts), "Train another.")
        )
    quotas = {run.classes.index(name): max(1, round(ratio * count)) for name, count in counts.items()}
    return Request(run, seed, None, quotas, in_turn=True)


def collect_passing(candidates: Iterator[Candidate]) -> list[Candidate]:
    """Returns the candidates that pass; fewer than requested where nearly all of a class are rejected."""
    kept = []
    with suppress(RejectedError):
        for candidate in candidates:
            if not candidate.verdict.reasons:
                kept.append(candidate)
    return kept


def take_images(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    images: str,
    fingerprint: str,
    drawing: Mapping[str, Any],
) -> None:
    """Takes images of another tool, with the classes as frequent as among the split's training images.

    Args:
        output: Folder of the result: the store of the images, and `images.json`.
        inputs: `data`: the split's training patients.
        images: Store of the other tool's images.
        fingerprint: Its fingerprint.
        drawing: `ratio`: images per real training image, or `number` of images; `seed` of the choice.

    Raises:
        UserError: There are too few images of a class.
    """
    data, source = Store.open(inputs["data"] / STORE), open_same(images, fingerprint, "study")
    ratio, seed = find_ratio(drawing, data), drawing["seed"]
    labels, rng = source.column("label"), stream(seed, Stream.ARM_IMAGES)
    chosen = []
    for name, count in count_classes(data).items():
        wanted, found = max(1, round(ratio * count)), np.flatnonzero(labels == name)
        if len(found) < wanted:
            fault = f"--synthetic {images} has too few images of class {name}"
            raise UserError(describe(fault, len(found), f"{wanted} or more", "Add images, or lower --ratios."))
        chosen.append(rng.permutation(found)[:wanted])
    order = rng.permutation(np.concatenate(chosen))
    save_images(data, np.asarray(source.images[order]), labels[order].tolist(), output / STORE)
    save_json(output / IMAGES, {"method": "another tool", "images": len(order)})


def open_images(folder: Path) -> Store | None:
    """Returns the store of images in a task's result; None where no image passed the screening."""
    return Store.open(folder / STORE) if (folder / STORE).exists() else None
