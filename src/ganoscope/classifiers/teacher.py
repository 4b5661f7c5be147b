"""A classifier as a teacher: its class activation maps on one fixed scale, and whether it is accurate enough."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.classifiers.fitness import list_store_faults, refuse_dependent, warn_of_dangers
from ganoscope.classifiers.trained import TrainedClassifier, load_classifier_record, open_classifier
from ganoscope.data.store import Store
from ganoscope.data.store.classes import encode_labels
from ganoscope.errors import UserError, describe, refuse
from ganoscope.objectives.cam import MERGES, Merge, compute_cams, scale_cams
from ganoscope.progress import CONSOLE
from ganoscope.seeds import TEACHER_SEED, Stream, stream
from ganoscope.statistics.auroc import estimate_macro_auroc
from ganoscope.statistics.bootstrap import TEACHER_RESAMPLES
from ganoscope.statistics.estimate import Estimate

SCALE_IMAGES, SCALE_QUANTILE = 256, 0.99
"""Training images on which the scale of the maps is measured, and the quantile that becomes 1."""
BATCH = 32


class TeacherMaps(NamedTuple):
    """Class activation maps of a teacher.

    Attributes:
        merged: Maps of all classes merged into one, in [0, 1], shape (B, 1, H, W).
        per_class: Map of each class, in [0, 1], shape (B, K, H, W).
        logits: Logits of the classes, shape (B, K).
    """

    merged: Tensor
    per_class: Tensor
    logits: Tensor


@dataclass(frozen=True)
class Teacher:
    """A frozen classifier whose class activation maps share one scale.

    Attributes:
        classifier: The classifier.
        scale: Raw value, in the unit of the logits, that becomes 1.
    """

    classifier: TrainedClassifier
    scale: float

    def __call__(self, image: Tensor, merge: Merge) -> TeacherMaps:
        """Returns the teacher's maps of images (B, 1, H, W) in [-1, 1]; gradients flow back to the images."""
        output = self.classifier(image)
        cams = compute_cams(output.features, self.classifier.network.head.weight)  # type: ignore[arg-type, union-attr]
        per_class = scale_cams(cams, self.scale, image.shape[-1])
        probability = torch.softmax(output.logits.float() / self.classifier.record.temperature, dim=1)
        return TeacherMaps(MERGES[merge](per_class, probability), per_class, output.logits)


def open_teacher(path: Path, device: str = "cpu") -> Teacher:
    """Returns the classifier of a run folder as a teacher.

    Raises:
        UserError: There is no classifier, its store is missing or was changed, or its maps are empty.
    """
    return _open(path, load_classifier_record(path).weights_sha256, device)


@lru_cache(maxsize=2)
def _open(path: Path, weights_sha256: str, device: str) -> Teacher:
    """Returns the teacher with given weights; cached, because a speed probe builds its method many times.

    The scale is measured in full precision, also where a training step in mixed precision opens the teacher.

    Args:
        path: Folder of the classifier.
        weights_sha256: SHA-256 of its weights.
        device: `cpu` or `cuda`.
    """
    classifier = open_classifier(path, device)
    with torch.autocast(torch.device(device).type, enabled=False):
        return Teacher(classifier, find_scale(classifier))


@torch.no_grad()
def find_scale(classifier: TrainedClassifier) -> float:
    """Returns the 99th percentile of the positive map values on the classifier's training images.

    Measured over all classes together, on at most 256 evenly spaced images of the classifier's own store.

    Raises:
        UserError: That store is missing or was changed, or no map has a positive value.
    """
    record = classifier.record
    if not (Path(record.store) / "store.json").exists():
        raise UserError(
            f"the store that classifier {classifier.path} was trained on is not at {record.store}: the scale of its "
            "maps is measured there. Put it back, or train the classifier again."
        )
    store = Store.open(Path(record.store))
    if store.fingerprint != record.store_fingerprint:
        raise UserError(
            f"store {record.store} is not the one that classifier {classifier.path} was trained on: got fingerprint "
            f"{store.fingerprint[:12]}; allowed: {record.store_fingerprint[:12]}. Train the classifier again."
        )
    seen = np.flatnonzero(np.isin(store.column("sample_id"), record.sample_ids))
    chosen = seen[np.linspace(0, len(seen) - 1, min(SCALE_IMAGES, len(seen))).astype(int)]
    head = classifier.network.head
    values = [
        compute_cams(classifier(images).features, head.weight).flatten()  # type: ignore[arg-type, union-attr]
        for images in read_batches(classifier, store, chosen)
    ]
    positive = torch.cat(values).cpu().numpy()
    positive = positive[positive > 0]
    if not len(positive):
        raise UserError(f"every class activation map of classifier {classifier.path} is empty: train another one.")
    return float(np.quantile(positive, SCALE_QUANTILE))


def read_batches(classifier: TrainedClassifier, store: Store, indices: NDArray[np.int64]) -> Iterator[Tensor]:
    """Yields images (B, 1, H, W) in [-1, 1], up to 32 at a time, on the classifier's device.

    Args:
        classifier: The classifier.
        store: Store of the images.
        indices: Positions of the images in the store, shape (N,).
    """
    device = next(classifier.network.parameters()).device
    parts = np.split(indices, range(BATCH, len(indices), BATCH))
    return (torch.from_numpy(store.load_images(part)).to(device) for part in parts)


@torch.no_grad()
def measure_auc(classifier: TrainedClassifier, store: Store) -> Estimate:
    """Returns a classifier's AUC on a store's test split, computed from the pixels.

    Raises:
        UserError: A class has no test image.
    """
    test = store.indices("test")
    code = encode_labels(store.column("label")[test], classifier.record.classes)
    test, code = test[code >= 0], code[code >= 0]
    missing = sorted(set(range(len(classifier.record.classes))) - set(code.tolist()))
    if missing:
        names = ", ".join(classifier.record.classes[k] for k in missing)
        raise UserError(
            f"test split of store {store.path} has no image of {names}: the teacher can't be evaluated on it."
        )
    batches = read_batches(classifier, store, test)
    probability = torch.cat([classifier.compute_probabilities(images) for images in batches]).double().cpu().numpy()
    _, group = np.unique(store.column("group")[test], return_inverse=True)
    random = stream(TEACHER_SEED, Stream.TEACHER_BOOTSTRAP)
    return estimate_macro_auroc(code, probability, group, random, TEACHER_RESAMPLES)


def describe_auc(auc: Estimate) -> str:
    """Returns an AUC on test images in words."""
    interval = f"95% interval {auc.low:.3f} to {auc.high:.3f}"
    return f"AUC {auc.value:.3f} ({interval}; {auc.n:,} test images of {auc.groups:,} patients or groups)"


def check_teacher(path: Path, store: Store, min_auc: float) -> None:
    """Refuses a teacher that is not fit for a store; reports all faults at once.

    Args:
        path: Folder of the classifier.
        store: Store that is trained on.
        min_auc: AUC on the test split that the teacher must exceed.

    Raises:
        UserError: The teacher was trained on another store, or with other classes, sizes or intensities; it has seen
            test images; its maps are empty; or its AUC on the test split is not above `min_auc`.
    """
    teacher = open_teacher(path, "cuda" if torch.cuda.is_available() else "cpu")
    warn_of_dangers(path)
    refuse(list_faults(teacher.classifier, store, min_auc))


def list_faults(classifier: TrainedClassifier, store: Store, min_auc: float) -> list[str]:
    """Returns why a classifier is not fit to teach on a store; prints its AUC where it is fit.

    Args:
        classifier: The classifier.
        store: Store that is trained on.
        min_auc: AUC on the test split that it must exceed.
    """
    faults = list_store_faults(classifier, store, "teacher")
    try:
        refuse_dependent(classifier, store)
    except UserError as error:
        faults.append(str(error))
    return faults or examine(classifier, store, min_auc)


def examine(classifier: TrainedClassifier, store: Store, min_auc: float) -> list[str]:
    """Returns a fault where a classifier's AUC on the test split is too low; prints the AUC where it is not.

    Args:
        classifier: The classifier.
        store: Store that is trained on.
        min_auc: AUC on the test split that it must exceed.
    """
    auc = measure_auc(classifier, store)
    if not auc.value > min_auc:
        fault = f"teacher {classifier.path} does not distinguish the classes of {store.name}"
        remedy = "Train a better one: the regions it attends to would not be evidence."
        return [describe(fault, describe_auc(auc), f"AUC above {min_auc:g}", remedy)]
    CONSOLE.print(f"teacher {classifier.path} on {store.name}: {describe_auc(auc)}")
    return []
