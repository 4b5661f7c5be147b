"""A trained classifier, opened for use: its network frozen and in evaluation mode, with what it has seen.

A classifier run is a folder with `classifier.json`, written last, and `classifier.safetensors`. Everything that asks a
classifier (teachers, judges of generated images, counterfactuals) opens it here, and refuses it here where it does not
fit the images or has seen those that it is to judge.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.files import compute_sha256, load_json
from ganoscope.nets.classifiers import ClassifierOutput
from ganoscope.nets.pretrained import make_network

SCHEMA_VERSION = 1
RECORD, WEIGHTS = "classifier.json", "classifier.safetensors"
ID_LENGTH = 12
"""Digits of the source file's hash that a sample id begins with, where it tells the content."""


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


def describe_range(intensity: IntensityMap) -> str:
    """Returns what a network sees of stored values, in words.

    Example:
        >>> describe_range(IntensityMap(-160, 240, "HU", "int16"))
        '-160 to 240 HU'
    """
    return f"{intensity.low:g} to {intensity.high:g} {intensity.unit}"
