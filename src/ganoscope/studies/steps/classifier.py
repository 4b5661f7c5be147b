"""Task that fits one classifier: one arm, family, seed and trial of one outer split."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Sample, Store
from ganoscope.data.store.classes import count_classes
from ganoscope.data.store.derived import AddedImages, derive_store, make_duplicates
from ganoscope.errors import UserError
from ganoscope.files import compute_sha256, remove, save_json
from ganoscope.seeds import Stream, stream
from ganoscope.studies.arms import ARMS, Arm
from ganoscope.studies.families import RANDOM_FEATURES, Fitting, find_family, networks, random_features  # noqa: F401
from ganoscope.studies.result_files import FITTED, RUN, STORE
from ganoscope.studies.steps.added_images import find_ratio, open_images
from ganoscope.tasks.own_modules import import_modules
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.classifier.mix import Mix, Stage, parse_schedule

REVISIONS = {"fit_classifier": 2}


def fit_classifier(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    which: Mapping[str, Any],
    config: Mapping[str, Any],
    weights: str = "",
    weights_sha256: str = "",
    modules: Mapping[str, str] | None = None,
) -> None:
    """Fits a classifier on an arm's training images into the folder `run`, and writes `fitted.json`.

    Args:
        output: Folder of the result.
        inputs: `data`: the split's training patients; `images`: what the arm adds, where it adds any.
        which: Names of `arm` and `family`, `ratio` of added images per real training image or their `number`,
            `schedule` of their share for arms that have one, `seed`, and `epoch_scale`: images of an epoch per real
            training image, where that is not 1.
        config: Options of `ClassifyConfig`, without network, augmentation, seed and weights.
        weights: File of pretrained weights.
        weights_sha256: Its hash.
        modules: Hash of each of the user's own modules that it may run, by dotted name.

    Raises:
        UserError: The file of weights has changed.
    """
    import_modules(modules)
    if weights and compute_sha256(Path(weights)) != weights_sha256:
        raise UserError(f"--weights {weights} is no longer the file that the study was designed for. Restore it.")
    kind, family, seed = ARMS[which["arm"]], which["family"], which["seed"]
    data = Store.open(inputs["data"] / STORE)
    ratio = find_ratio(which, data)
    images = open_images(inputs["images"]) if "images" in inputs else None
    added = gather_added(data, images, kind, ratio, seed)
    remove(output / STORE)
    mixed = mix_store(data, added, kind, output / STORE)
    real = len(data.indices("train"))
    count = len(added.rows) if added else 0
    share = count / (count + real) if kind.real else 1.0
    stages = parse_schedule(which["schedule"]) if kind.by_schedule else (Stage(0, share),)
    batch = min(int(config["batch_size"]), real)
    options = ClassifyConfig(
        **{**config, "batch_size": batch, "patience": config["epochs"]},
        network=ClassifyConfig.network if family == RANDOM_FEATURES else family,
        augment=kind.augment,
        seed=seed,
        weights=Path(weights) if weights else None,
    )
    epoch_images = max(round(which.get("epoch_scale", 1.0) * real), batch)
    fitted = find_family(family).fit(mixed, output / RUN, Fitting(options, Mix(stages, epoch_images)))
    remove(output / STORE)
    groups = len(np.unique(data.column("group")[data.indices("train")]))
    asked = count_asked(data, kind, ratio)
    counts = {"real_groups": groups if kind.real else 0, "added": count, "asked": asked, "ratio": ratio}
    save_json(output / FITTED, {"validation_auroc": fitted.validation_auroc, **counts})


def mix_store(data: Store, added: AddedImages | None, arm: Arm, folder: Path) -> Store:
    """Writes the store that an arm learns from: real validation images, and its training images.

    Args:
        data: The split's training patients.
        added: What the arm adds.
        arm: The arm.
        folder: Folder of the store.
    """
    splits = data.column("split")
    return derive_store(data, splits if arm.real else np.where(splits == "train", "", splits), folder, added)


def gather_added(data: Store, images: Store | None, arm: Arm, ratio: float, seed: int) -> AddedImages | None:
    """Returns what an arm adds, with the classes as frequent as among the real training images.

    Args:
        data: The split's training patients.
        images: Synthetic images.
        arm: The arm.
        ratio: Added images per real training image; 1 where there are no real ones.
        seed: Random seed of duplicates and shuffled labels.
    """
    if not arm.source:
        return None
    rng = stream(seed, Stream.ARM_IMAGES, sorted(ARMS).index(arm.name))
    train = data.indices("train")
    labels, ratio = data.column("label")[train], ratio if arm.real else 1.0
    if arm.source == "duplicates":
        return make_duplicates(data, train[choose_by_class(labels, labels, ratio, rng)])
    if images is None:
        return None
    found = images.column("label")
    chosen = choose_by_class(found, labels, limit_ratio(found, labels, ratio), None)
    rows = list(images.samples())
    kept = [rows[place] for place in chosen.tolist()]
    return AddedImages(np.asarray(images.images[chosen]), shuffle_labels(kept, rng) if arm.shuffled else kept)


def count_asked(data: Store, arm: Arm, ratio: float) -> int:
    """Returns how many images an arm adds where there are enough.

    Args:
        data: The split's training patients.
        arm: The arm.
        ratio: Added images per real training image.
    """
    counts = count_classes(data).values()
    return sum(round((ratio if arm.real else 1.0) * count) for count in counts) if arm.source else 0


def choose_by_class(
    labels: NDArray[np.str_], real: NDArray[np.str_], ratio: float, rng: np.random.Generator | None
) -> NDArray[np.int64]:
    """Returns positions of images: `ratio` per real image of their class, again and again where there are too few.

    Args:
        labels: Classes of the images to choose from, shape (N,).
        real: Classes of the real training images, shape (M,).
        ratio: Images per real image.
        rng: Random order; None takes the first.
    """
    chosen = []
    for name, count in zip(*np.unique(real, return_counts=True), strict=True):
        found, wanted = np.flatnonzero(labels == name), round(ratio * int(count))
        rounds = [found if rng is None else rng.permutation(found) for _ in range(-(-wanted // max(1, len(found))))]
        chosen.append(np.concatenate([found[:0], *rounds])[:wanted])
    return np.sort(np.concatenate(chosen))


def limit_ratio(labels: NDArray[np.str_], real: NDArray[np.str_], ratio: float) -> float:
    """Returns a ratio for which there are enough images of every class.

    Where the screening lets too few of a class pass, an arm adds fewer of all, so that the prevalence stays.

    Args:
        labels: Classes of the images to choose from, shape (N,).
        real: Classes of the real training images, shape (M,).
        ratio: Images per real image that are asked for.

    Example:
        >>> limit_ratio(np.array(["a", "a", "b"]), np.array(["a", "b", "b"]), 1.0)
        0.5
        >>> limit_ratio(np.array(["a"] * 3), np.array(["a"] * 7), 0.4)  # 3 of 2.8
        0.4
    """
    counts = [((labels == name).sum(), (real == name).sum()) for name in np.unique(real)]
    if all(found >= round(ratio * int(wanted)) for found, wanted in counts):
        return ratio
    return min(float(found / wanted) for found, wanted in counts)


def shuffle_labels(rows: list[Sample], rng: np.random.Generator) -> list[Sample]:
    """Returns rows with their labels shuffled: as many of each class, in random places."""
    order = rng.permutation(len(rows))
    return [replace(row, label=rows[place].label) for row, place in zip(rows, order.tolist(), strict=True)]
