"""How a classifier is trained: its options, and the stores that it can't be trained on."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes, encode_labels, refuse_test_only, refuse_unlabelled
from ganoscope.errors import UserError, describe, refuse
from ganoscope.files.field_types import fit_fields
from ganoscope.nets.classifiers import available
from ganoscope.training.processes import choose_device, choose_precision

LEARNING_RATES = {"small_cnn": 1e-3, "fine_cnn": 1e-3}
"""Default learning rates; 1e-4 for every other network, as in system B."""


@dataclass(frozen=True)
class ClassifyConfig:
    """Which classifier is trained, and how."""

    network: str = "small_cnn"
    """Network: small_cnn for small data and small images, fine_cnn for class activation maps of small images; resnet50,
    densenet121 and efficientnet_b1 for larger images."""
    epochs: int = 60
    """Maximum number of passes over the training images; training stops early when validation no longer improves."""
    patience: int = 12
    """Epochs without a better validation AUROC (or an equal one at a lower loss) after which training stops."""
    batch_size: int = 32
    """Images per step."""
    learning_rate: float | None = None
    """Adam learning rate; by default, 1e-3 for small_cnn and fine_cnn, 1e-4 for the others. It is divided by five
    whenever the validation loss has not fallen for 5 epochs."""
    weights: Path | None = None
    """File of pretrained weights to start from."""
    weights_source: str = "imagenet"
    """Data set that the weights were trained on: imagenet, or xrv-all, xrv-nih, ... for torchxrayvision weights."""
    freeze_body: bool = False
    """Train the head only and keep the pretrained body unchanged."""
    class_weights: Literal["balanced", "none"] = "balanced"
    """Class weights in the loss: balanced gives every class the same total weight, whatever its number of images."""
    augment: Literal["safe", "none"] = "safe"
    """Augmentation of training images: safe moves them slightly, as suits the modality; no mirroring, HU unchanged."""
    seed: int = 0
    """Random seed of initial weights, image order and augmentation."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device to compute on; auto uses a GPU if there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision; auto uses bf16 autocast if the processor supports it natively."""

    def __post_init__(self) -> None:
        """Checks every value."""
        fit_fields(self)
        faults = [
            describe(f"--{name} is too small", value, "1 or more", "Raise it.")
            for name, value in {"epochs": self.epochs, "patience": self.patience}.items()
            if value < 1
        ]
        if self.network not in available() and "." not in self.network:
            faults.append(describe("--network is not known", self.network, ", ".join(available()), "Choose one."))
        if self.batch_size < 2:
            faults.append(describe("--batch-size is too small", self.batch_size, "2 or more", "32 is usual."))
        if self.learning_rate is not None and not 0 < self.learning_rate < 1:
            faults.append(describe("--learning-rate is out of range", self.learning_rate, "above 0, below 1", ""))
        if self.freeze_body and self.weights is None:
            remedy = "Name a file of pretrained weights, or train the whole network."
            faults.append(describe("--freeze-body needs a pretrained body", "no --weights", "a file", remedy))
        refuse(faults)

    def resolve(self) -> "ClassifyConfig":
        """Returns the configuration with learning rate, device and precision filled in."""
        device = choose_device(self.device)
        rate = self.learning_rate or LEARNING_RATES.get(self.network, 1e-4)
        precision = choose_precision(self.precision, device)
        return replace(self, learning_rate=rate, device=device, precision=precision)


def refuse_unfit_store(store: Store, config: ClassifyConfig) -> None:
    """Refuses a store that a classifier can't be trained on; reports all faults at once.

    Raises:
        UserError: There are no training images, labels are missing, there are fewer than two classes, the validation
            split lacks a class, or the train split does not fill a batch.
    """
    refuse_test_only(store, "classify")
    faults = []
    train = store.indices("train")
    try:
        refuse_unlabelled(store, "a classifier")
    except UserError as error:
        faults.append(str(error))
    if len(train) < config.batch_size:
        remedy = "Lower --batch-size, or prepare a store of more images."
        faults.append(
            describe("too few training images", len(train), f"{config.batch_size} (one batch) or more", remedy)
        )
    labels = store.column("label")
    validation = set(labels[store.indices("validation")].tolist())
    absent = sorted(set(labels[train].tolist()) - {""} - validation)
    if absent:
        remedy = "Prepare the store with a larger --validation, or with more patients of that class."
        fault = f"the validation split lacks {'a class' if len(absent) == 1 else 'classes'} of the train split"
        faults.append(describe(fault, f"no image of {', '.join(absent)}", "images of every class", remedy))
    refuse(faults)


def compute_class_weights(store: Store, kind: Literal["balanced", "none"]) -> NDArray[np.float64]:
    """Returns the weight of each class in the loss, shape (K,): N / (K n_c) where balanced, else 1.

    Args:
        store: Store whose train split is counted: N images, n_c of class c, K classes.
        kind: `balanced` or `none`.
    """
    counts = np.array(list(count_classes(store).values()), np.float64)
    return counts.sum() / (len(counts) * counts) if kind == "balanced" else np.ones(len(counts))


def find_scored(store: Store, split: str, classes: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns (positions in the store, label codes) of a split's images of known classes, both of shape (N,).

    Args:
        store: The store.
        split: Name of the split.
        classes: Classes of the classifier.
    """
    indices = store.indices(split)
    codes = encode_labels(store.column("label")[indices], classes)
    return indices[codes >= 0], codes[codes >= 0]
