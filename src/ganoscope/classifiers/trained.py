"""A trained classifier, opened for use: its network frozen and in evaluation mode, with the images it has seen.

A classifier run is a folder with `classifier.safetensors` and `classifier.json`, which is written last. Teachers,
independent classifiers of generated images and counterfactuals all open their classifier here; `fitness` checks
whether it fits the images and has not seen them.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.store import LARGEST_PX
from ganoscope.errors import Range, UserError
from ganoscope.files import compute_sha256, lengthen_path, save_json, shorten_path
from ganoscope.files.records import convert, load_record, reading
from ganoscope.nets.classifiers import ClassifierOutput
from ganoscope.nets.pretrained import make_network
from ganoscope.nets.weight_files import load_tensors

SCHEMA_VERSION = 1
RECORD, WEIGHTS = "classifier.json", "classifier.safetensors"
ID_LENGTH = 12
"""Digits of the source file's SHA-256 at the beginning of a sample id, where ids follow from content."""


@dataclass(frozen=True)
class ClassifierRecord:
    """The content of `classifier.json`.

    Attributes:
        network: Name of the network.
        classes: Names of the classes, in the order of the logits.
        channels: Channels of the images.
        size: Side of the images in pixels.
        intensity: Map between stored units and the network's range.
        store_name: Name of the data set.
        store_fingerprint: SHA-256 of the store's content.
        store: Folder of the store.
        modality: DICOM code of all images, `mixed`, or "" where it is unknown.
        sample_ids: Ids of the images trained on.
        validation_ids: Ids of the images that chose the best weights and the temperature.
        temperature: Divisor of the logits that calibrates the probabilities.
        trained_on: Names of public data sets that the pretrained weights have seen; empty without pretrained weights.
        weights_sha256: SHA-256 of `classifier.safetensors`.
        config: Training configuration.
        metrics: Metrics of the test split as `evaluate.classification.metrics.to_json` describes them, such as
            `metrics["metrics"]["auroc"]["value"]`; empty where that split can't be scored.
        versions: Versions of Python, ganoscope and the numerical libraries.
        git_commit: Commit of the ganoscope checkout, or "" where it was installed from a package.
        started: Date and time of the start (UTC).
        input_kind: How the network converts its input: see `nets.pretrained.make_network`.
    """

    network: str
    classes: tuple[str, ...]
    channels: Annotated[int, Range(1, 3)]
    size: Annotated[int, Range(1, LARGEST_PX)]
    intensity: IntensityMap
    store_name: str
    store_fingerprint: str
    store: str
    modality: str
    sample_ids: list[str]
    validation_ids: list[str]
    temperature: Annotated[float, Range(0, above=True)]
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
        record: Its description, with the images it has seen.
        network: The network, in evaluation mode, parameters frozen: gradients still flow to the image.
    """

    path: Path
    record: ClassifierRecord
    network: nn.Module = field(repr=False)

    def __call__(self, image: Tensor) -> ClassifierOutput:
        """Returns logits (B, K) and features for images (B, 1, H, W) in [-1, 1], mapped as in the record."""
        output: ClassifierOutput = self.network(image)
        return output

    def compute_probabilities(self, image: Tensor) -> Tensor:
        r"""Returns calibrated probabilities (B, K) of images (B, 1, H, W): softmax of logits / temperature.

        Source: Guo et al. 2017, sect. 4.2, https://arxiv.org/abs/1706.04599
        """
        return torch.softmax(self(image).logits.float() / self.record.temperature, dim=1)


def open_classifier(path: Path, device: str = "cpu") -> TrainedClassifier:
    """Returns the classifier in a run folder; the state of random generators is left unchanged.

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
        network.load_state_dict(load_tensors(weights))
    except RuntimeError as error:
        raise UserError(f"{weights} does not fit network {record.network}: {error}") from None
    return TrainedClassifier(path, record, network.to(torch.device(device)).eval().requires_grad_(False))


def load_classifier_record(path: Path) -> ClassifierRecord:
    """Returns the record in a classifier's run folder.

    Raises:
        UserError: There is no record, training has not finished, or the record is damaged.
    """
    file = path / RECORD
    if not file.exists():
        raise UserError(
            f"no classifier at {path}: {RECORD} is missing. Train one with `ganoscope classify`; rerun the same "
            f"command to resume interrupted training."
        )
    record = load_record(file, ClassifierRecord, SCHEMA_VERSION)
    with reading(file):
        read_auroc(record)
    return replace(record, store=lengthen_path(record.store, path))


def save_classifier_record(path: Path, record: ClassifierRecord) -> None:
    """Writes a classifier's record into its run folder; the path of its store is relative to that folder."""
    content = {**asdict(record), "store": shorten_path(record.store, path)}
    save_json(path / RECORD, {"schema_version": SCHEMA_VERSION, **content})


def read_auroc(record: ClassifierRecord) -> dict[str, float | None]:
    """Returns a classifier's AUROC on the test split of its store, with its interval; None where it is not defined.

    Raises:
        MisfitError: It is no number; the record of a file is checked when it is loaded.
    """
    measured = convert(dict[str, dict[str, Any]], record.metrics.get("metrics", {}), "metrics").get("auroc", {})
    return {name: convert(float | None, measured.get(name), f"auroc.{name}") for name in ("value", "low", "high")}


def describe_range(intensity: IntensityMap) -> str:
    """Returns the range of stored values that a network sees, in words.

    Example:
        >>> describe_range(IntensityMap(-160, 240, "HU", "int16"))
        '-160 to 240 HU'
    """
    return f"{intensity.low:g} to {intensity.high:g} {intensity.unit}"
