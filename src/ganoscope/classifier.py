"""A trained classifier, opened for use: its network frozen and in evaluation mode, with what it has seen.

A classifier run is a folder with `classifier.json`, written last, and `classifier.safetensors`. Everything that asks a
classifier (teachers, judges of generated images, counterfactuals) opens it here, and refuses it here where it does not
fit the images or has seen those that it is to judge.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ganoscope.data.intensity import IntensityMap
from ganoscope.data.labels import count_classes
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse
from ganoscope.files import compute_sha256, load_json
from ganoscope.nets.classifiers import ClassifierOutput
from ganoscope.nets.pretrained import make_network

SCHEMA_VERSION = 1
RECORD, WEIGHTS = "classifier.json", "classifier.safetensors"
ID_LENGTH = 12
"""Digits of the source file's hash that a sample id begins with, where it tells the content."""

PUBLIC_SETS = {
    "nih": ("nih", "chestx-ray", "chestmnist", "rsna", "google"),
    "kermany": ("kermany", "paediatric", "pneumoniamnist"),
    "chexpert": ("chexpert", "chex"),
    "mimic": ("mimic",),
    "padchest": ("padchest", "pc"),
    "openi": ("openi", "indiana"),
    "brain_mri": ("brain_mri",),
}
"""Public sets, each with words that data sets and weights made of its images are called by. The RSNA challenge, and
Google's labels for it, are about images of the NIH's set."""


@dataclass(frozen=True)
class ClassifierRecord:
    """The content of `classifier.json`.

    Attributes:
        network: Name of the network.
        classes: Names of the classes, in the order of the logits.
        channels: Of the images.
        size: Side of the images in pixels.
        intensity: Map between stored units and the network's range.
        store_name: What the data set is called.
        store_fingerprint: SHA-256 of the store's content.
        store: Folder of the store.
        modality: DICOM's code of all images, `mixed`, or "".
        sample_ids: Ids of the images trained on.
        validation_ids: Ids of the images that chose the best weights and the temperature.
        temperature: Divisor of the logits that calibrates the probabilities.
        trained_on: Names of public sets that pretrained weights have seen; empty without such weights.
        weights_sha256: Of `classifier.safetensors`.
        config: How it was trained.
        metrics: Of the test part: see `evaluate.classification.to_json`; `metrics["metrics"]["auroc"]["value"]`. Empty
            where that part can't be scored.
        versions: Of Python, ganoscope and the libraries that compute.
        git_commit: Of the ganoscope checkout, or "".
        started: Date and time (UTC).
        input_kind: What the network makes of its images first: see `nets.pretrained.make_network`.
    """

    network: str
    classes: tuple[str, ...]
    channels: int
    size: int
    intensity: IntensityMap
    store_name: str
    store_fingerprint: str
    store: str
    modality: str
    sample_ids: list[str]
    validation_ids: list[str]
    temperature: float
    trained_on: list[str]
    weights_sha256: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    versions: dict[str, str]
    git_commit: str
    started: str
    input_kind: str = "grey"


@dataclass(frozen=True)
class TrainedClassifier:
    """A classifier as trained.

    Attributes:
        path: Folder of its run.
        record: What it is and what it has seen.
        network: The network, in evaluation mode, parameters frozen: gradients still flow to the image.
    """

    path: Path
    record: ClassifierRecord
    network: nn.Module = field(repr=False)

    def __call__(self, image: Tensor) -> ClassifierOutput:
        """Returns logits (B, K) and features for images (B, 1, H, W) in [-1, 1], the range of the record's map."""
        output: ClassifierOutput = self.network(image)
        return output

    def compute_probabilities(self, image: Tensor) -> Tensor:
        r"""Returns calibrated probabilities (B, K) of images (B, 1, H, W): softmax of logits / temperature.

        Source: Guo et al. 2017, sect. 4.2, https://arxiv.org/abs/1706.04599
        """
        return torch.softmax(self(image).logits.float() / self.record.temperature, dim=1)


def open_classifier(path: Path, device: str = "cpu") -> TrainedClassifier:
    """Returns the classifier in a run folder. It uses up no random number: a method may open it within a step.

    Raises:
        UserError: There is no classifier, or it is damaged.
    """
    record = load_classifier_record(path)
    weights = path / WEIGHTS
    if not weights.exists() or compute_sha256(weights) != record.weights_sha256:
        state = "damaged: its SHA-256 differs" if weights.exists() else "missing"
        raise UserError(f"{weights} is {state}. Restore it, or train the classifier again.")
    with torch.random.fork_rng(devices=[]):
        network = make_network(record.network, len(record.classes), record.input_kind)
    try:
        network.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{weights} does not fit network {record.network}: {error}") from None
    return TrainedClassifier(path, record, network.to(torch.device(device)).eval().requires_grad_(False))


def load_classifier_record(path: Path) -> ClassifierRecord:
    """Returns the record in a classifier's run folder.

    Raises:
        UserError: There is no record, training has not ended, or the record is damaged.
    """
    file = path / RECORD
    if not file.exists():
        raise UserError(
            f"no classifier at {path}: {RECORD} is missing. Train one with `ganoscope classify`; where that was "
            "interrupted, the same command goes on."
        )
    content = load_json(file)
    try:
        if content.pop("schema_version") != SCHEMA_VERSION:
            raise UserError(f"{file} was written by another version of ganoscope.")
        content["intensity"] = IntensityMap(**content["intensity"])
        content["classes"] = tuple(content["classes"])
        return ClassifierRecord(**content)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file} is damaged or not a classifier's record: {error}.") from None


def read_auroc(record: ClassifierRecord) -> dict[str, float | None]:
    """Returns a classifier's AUROC on the test part of its store, with its interval; None where it is not defined."""
    measured = record.metrics.get("metrics", {}).get("auroc", {})
    return {name: measured.get(name) for name in ("value", "low", "high")}


def list_store_faults(classifier: TrainedClassifier, store: Store, role: str) -> list[str]:
    """Returns why a classifier, called by its role, is none of a store's own: other images, classes, size or values."""
    record, faults = classifier.record, []
    remedy = "Train one on this store."
    if record.store_fingerprint != store.fingerprint:
        fault = f"{role} {classifier.path} learned from another store"
        given, allowed = (
            f"{name} ({fingerprint[:12]})"
            for name, fingerprint in ((record.store_name, record.store_fingerprint), (store.name, store.fingerprint))
        )
        faults.append(describe(fault, given, allowed, remedy))
    classes = tuple(count_classes(store))
    if record.classes != classes:
        fault = f"{role} {classifier.path} tells other classes apart"
        faults.append(describe(fault, ", ".join(record.classes), ", ".join(classes) or "none", remedy))
    try:
        refuse_other_images(classifier, store)
    except UserError as error:
        faults.append(str(error))
    return faults


def refuse_other_images(classifier: TrainedClassifier, store: Store) -> None:
    """Refuses a store whose images are not of the kind that the classifier learned from; all differences at once.

    Raises:
        UserError: Size, intensity range, unit or modality differ.
    """
    record, faults = classifier.record, []
    pairs = (
        ("image size (px)", record.size, store.size, "Prepare a store with that --size"),
        ("intensity range", describe_range(record.intensity), describe_range(store.intensity), "Prepare a store so"),
        ("modality", record.modality or "unknown", store.modality or "unknown", "Prepare a store with that --modality"),
    )
    for name, learned, given, remedy in pairs:
        if learned != given:
            fault = f"classifier {classifier.path} learned from another {name} than that of {store.name}"
            faults.append(describe(fault, learned, str(given), f"{remedy}, or train a classifier on this one."))
    refuse(faults)


def describe_range(intensity: IntensityMap) -> str:
    """Returns what a network sees of stored values, in words.

    Example:
        >>> describe_range(IntensityMap(-160, 240, "HU", "int16"))
        '-160 to 240 HU'
    """
    return f"{intensity.low:g} to {intensity.high:g} {intensity.unit}"


def refuse_as_judge(classifier: TrainedClassifier, store: Store) -> None:
    """Refuses a classifier that has seen images which it would be asked to judge; all reasons at once.

    Refused are: one trained on images that are in a held-out part of the store; one whose best weights were chosen on
    images of the store's test part; one whose pretrained weights have seen the public set that the store comes from.

    Raises:
        UserError: It may not judge here.
    """
    record, faults = classifier.record, []
    remedy = "Train one on this store's own train part."
    for ids, splits, verb in (
        (record.sample_ids, ("validation", "test"), "was trained on"),
        (record.validation_ids, ("test",), "was chosen with the help of"),
    ):
        seen = count_seen(record, ids, store, splits)
        if seen:
            fault = f"classifier {classifier.path} {verb} images of the {' or '.join(splits)} part of {store.name}"
            faults.append(describe(fault, f"{seen:,} images", "0", remedy))
    shared = sorted(name_public_sets(record.trained_on) & name_public_sets([store.name, read_layout(store)]))
    if shared:
        fault = f"pretrained weights of classifier {classifier.path} have seen the set that {store.name} comes from"
        named = f"{', '.join(shared)} (weights trained on {', '.join(record.trained_on)})"
        faults.append(describe(fault, named, "weights of other sets", "Use others, or train without --weights."))
    refuse(faults)


def count_seen(record: ClassifierRecord, ids: list[str], store: Store, splits: tuple[str, ...]) -> int:
    """Returns how many images of some of a store's parts are among `ids`.

    In another store only ids that begin with the source file's hash count: phantoms are numbered in each store anew.
    """
    held_out = store.indices(*splits)
    own, sources = store.column("sample_id")[held_out], store.column("source_sha256")[held_out]
    same = np.isin(own, ids)
    if record.store_fingerprint == store.fingerprint:
        return int(same.sum())
    pairs = zip(own[same].tolist(), sources[same].tolist(), strict=True)
    return sum(sample_id[:ID_LENGTH] == source[:ID_LENGTH] for sample_id, source in pairs)


def read_layout(store: Store) -> str:
    """Returns the layout that a store was prepared from, or ""."""
    return str(store.prepared.get("layout", ""))


def name_public_sets(names: list[str]) -> set[str]:
    """Returns the public sets that names of data sets or weights stand for.

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
