"""Whether a classifier fits given images, and is independent of them: it must not have seen them in training."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ganoscope.alarms import Alarm, Check, load_alarms
from ganoscope.classifiers.trained import ID_LENGTH, ClassifierRecord, TrainedClassifier, describe_range
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes
from ganoscope.errors import UserError, describe, refuse
from ganoscope.progress import CONSOLE

PUBLIC_SETS = {
    "nih": ("nih", "chestx-ray", "chestmnist", "rsna", "google"),
    "kermany": ("kermany", "paediatric", "pneumoniamnist"),
    "chexpert": ("chexpert", "chex"),
    "mimic": ("mimic",),
    "padchest": ("padchest", "pc"),
    "openi": ("openi", "indiana"),
    "brain_mri": ("brain_mri",),
}
"""Public data sets, each with words in the names of data sets and weights that contain its images. The RSNA challenge
and Google's labels for it use images of the NIH's set."""


def list_dangers(path: Path) -> tuple[str, ...]:
    """Returns what is gravely wrong with a classifier by its own evaluation, one sentence each.

    Args:
        path: Folder of the classifier.

    Raises:
        UserError: Its list of alarms is damaged.
    """
    found = [alarm.message for alarm in load_alarms(path / "alarms.json") if alarm.severity == "danger"]
    return tuple(f"Classifier {path.name} is in danger by its own evaluation: {message}" for message in found)


def find_dangerous_classifiers(dangers: Sequence[str]) -> Iterator[Alarm]:
    """Yields an alarm for each danger of a classifier, given as a sentence of `list_dangers`."""
    for sentence in dangers:
        yield Alarm("classifier_in_danger", "danger", f"{sentence} Results that rest on it mean little.")


DANGER_CHECK = Check(
    ("classifier_in_danger",), "classifiers with a danger in their own evaluation", find_dangerous_classifiers
)
"""What is looked for in the classifiers that a run or a report uses."""


def warn_of_dangers(path: Path) -> None:
    """Prints what is gravely wrong with a classifier, given by its folder, before it is used."""
    for sentence in list_dangers(path):
        CONSOLE.print(f"warning: {sentence}")


def list_store_faults(classifier: TrainedClassifier, store: Store, role: str) -> list[str]:
    """Returns why a classifier was not trained on a store: other images, classes, size or intensities.

    Args:
        classifier: The classifier.
        store: The store.
        role: What messages call the classifier, such as `teacher`.
    """
    record, faults = classifier.record, []
    remedy = "Train one on this store."
    if record.store_fingerprint != store.fingerprint:
        fault = f"{role} {classifier.path} was trained on another store"
        given, allowed = (
            f"{name} ({fingerprint[:12]})"
            for name, fingerprint in ((record.store_name, record.store_fingerprint), (store.name, store.fingerprint))
        )
        faults.append(describe(fault, given, allowed, remedy))
    classes = tuple(count_classes(store))
    if record.classes != classes:
        fault = f"{role} {classifier.path} distinguishes other classes"
        faults.append(describe(fault, ", ".join(record.classes), ", ".join(classes) or "none", remedy))
    try:
        refuse_other_images(classifier, store)
    except UserError as error:
        faults.append(str(error))
    return faults


def refuse_other_images(classifier: TrainedClassifier, store: Store) -> None:
    """Refuses a store whose images differ in kind from the training images; reports all differences at once.

    Raises:
        UserError: Size, intensity range, unit or modality differ.
    """
    record, faults = classifier.record, []
    pairs = (
        ("image size (px)", record.size, store.size, "Prepare a store with that --size"),
        (
            "intensity range",
            describe_range(record.intensity),
            describe_range(store.intensity),
            "Prepare a store with that range",
        ),
        ("modality", record.modality or "unknown", store.modality or "unknown", "Prepare a store with that --modality"),
    )
    for name, learned, given, remedy in pairs:
        if learned != given:
            fault = f"classifier {classifier.path} was trained with another {name} than that of {store.name}"
            faults.append(describe(fault, learned, str(given), f"{remedy}, or train a classifier on this one."))
    refuse(faults)


def refuse_dependent(classifier: TrainedClassifier, store: Store) -> None:
    """Refuses a classifier that is not independent of a store's held-out images; reports all reasons at once.

    A classifier is refused if it was trained on images of a held-out split of the store, if its best weights were
    chosen on images of the store's test split, or if its pretrained weights were trained on the public data set that
    the store comes from.

    Raises:
        UserError: The classifier is not independent.
    """
    record, faults = classifier.record, []
    remedy = "Train one on this store's own train split."
    for ids, splits, verb in (
        (record.sample_ids, ("validation", "test"), "was trained on"),
        (record.validation_ids, ("test",), "was selected on"),
    ):
        seen = count_seen(record, ids, store, splits)
        if seen:
            fault = f"classifier {classifier.path} {verb} images of the {' or '.join(splits)} split of {store.name}"
            faults.append(describe(fault, f"{seen:,} images", "0", remedy))
    shared = sorted(name_public_sets(record.trained_on) & name_public_sets([store.name, read_layout(store)]))
    if shared:
        fault = (
            f"pretrained weights of classifier {classifier.path} were trained on the data set that {store.name} "
            f"comes from"
        )
        named = f"{', '.join(shared)} (weights trained on {', '.join(record.trained_on)})"
        faults.append(describe(fault, named, "weights of other data sets", "Use others, or train without --weights."))
    refuse(faults)


def count_seen(record: ClassifierRecord, ids: list[str], store: Store, splits: tuple[str, ...]) -> int:
    """Returns how many images of a store's splits are among given ids.

    In another store, only ids that begin with the source file's SHA-256 count: phantoms are numbered per store.

    Args:
        record: Record of the classifier that saw the ids.
        ids: Sample ids.
        store: The store.
        splits: Names of its splits.
    """
    held_out = store.indices(*splits)
    own, sources = store.column("sample_id")[held_out], store.column("source_sha256")[held_out]
    same = np.isin(own, ids)
    if record.store_fingerprint == store.fingerprint:
        return int(same.sum())
    pairs = zip(own[same].tolist(), sources[same].tolist(), strict=True)
    return sum(sample_id[:ID_LENGTH] == source[:ID_LENGTH] for sample_id, source in pairs)


def read_layout(store: Store) -> str:
    """Returns the source layout that a store was prepared from, or "" where it is unknown."""
    return str(store.prepared.get("layout", ""))


def name_public_sets(names: list[str]) -> set[str]:
    """Returns the public data sets that names of data sets or weights refer to.

    Example:
        >>> sorted(name_public_sets(["rsna_challenge", "imagenet"])), name_public_sets(["folders"])
        (['nih'], set())
    """
    text = " ".join(names).lower()
    words = re.findall("[a-z0-9]+", text)
    return {
        name
        for name, aliases in PUBLIC_SETS.items()
        if any(alias in words or (len(alias) > 4 and alias in text) for alias in aliases)
    }
