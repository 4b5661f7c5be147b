"""How often an independent classifier sees the class that a conditional generator was asked for.

Beside it stands the same classifier's accuracy on held-out real images, its ceiling: a judge that is right on 85 % of
real images can't be expected to agree on more. Agreement above the ceiling is no merit either: such images are easier
than real ones, as typical or exaggerated ones are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.fitness import refuse_as_judge, refuse_other_images
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.data.store import Store
from ganoscope.data.store.labels import encode_labels
from ganoscope.errors import UserError, describe, refuse
from ganoscope.statistics.proportion import compute_wilson_interval

BATCH = 64


@dataclass(frozen=True)
class Agreement:
    """How a classifier's answers agree with the labels of some images.

    Attributes:
        images: Number of images.
        groups: Independent ones among them: patients or near-duplicate clusters; generated images are all independent.
        share: Share for which the label's class is the most probable one.
        low: Lower end of its 95 % interval.
        high: Upper end.
        probability: Mean calibrated probability of the label's class.
    """

    images: int
    groups: int
    share: float
    low: float
    high: float
    probability: float


@dataclass(frozen=True)
class LabelAgreement:
    """Agreement on generated images, and on real ones as its ceiling.

    Attributes:
        generated: On all generated images.
        real: On all images of the store's test part, in their own mix of classes; None where none has a label.
        generated_by_class: By requested class.
        real_by_class: By true class; classes without test images are left out.
        classifier: Name of the judge.
        weights_sha256: Of its weights.
        store_fingerprint: Of the store with the real images.
    """

    generated: Agreement
    real: Agreement | None
    generated_by_class: dict[str, Agreement]
    real_by_class: dict[str, Agreement]
    classifier: str
    weights_sha256: str
    store_fingerprint: str


def measure_label_agreement(
    classifier: TrainedClassifier, images: Iterable[NDArray[np.float32]], requested: NDArray[np.str_], store: Store
) -> LabelAgreement:
    """Returns how often a classifier sees the requested class in generated images, and the true one in real ones.

    The real ones are the store's test part: the validation part has chosen the classifier's weights and temperature.

    Args:
        classifier: The judge: not the one that the generator learned from.
        images: Batches of generated images in network range, shape (B, 1, H, W) each.
        requested: Class that each was asked to show, shape (N,).
        store: With the real images.

    Raises:
        UserError: The judge has seen the held-out images, learned from another kind of images, or does not know a
            requested class; or the numbers of images and classes differ.
    """
    refuse_other_images(classifier, store)
    refuse_as_judge(classifier, store)
    refuse_unknown(classifier.record.classes, requested)
    probabilities = compute_all_probabilities(classifier, images)
    if len(probabilities) != len(requested) or not len(requested):
        counts = f"{len(probabilities):,} images and {len(requested):,} classes"
        raise UserError(describe("images and requested classes don't match", counts, "one class per image", ""))
    test = store.indices("test")
    labels, groups = store.column("label")[test], store.column("group")[test]
    known = np.isin(labels, classifier.record.classes)
    test, labels, groups = test[known], labels[known], groups[known]
    batches = (store.load_images(test[start : start + BATCH]) for start in range(0, len(test), BATCH))
    answers = compute_all_probabilities(classifier, batches)
    own = np.arange(len(requested))
    names = classifier.record.classes
    return LabelAgreement(
        generated=compare_labels(probabilities, requested, own, names),
        real=compare_labels(answers, labels, groups, names) if len(test) else None,
        generated_by_class=compare_by_class(probabilities, requested, own, names),
        real_by_class=compare_by_class(answers, labels, groups, names),
        classifier=f"{classifier.record.network}, trained on {classifier.record.store_name}",
        weights_sha256=classifier.record.weights_sha256,
        store_fingerprint=store.fingerprint,
    )


def refuse_unknown(classes: tuple[str, ...], requested: NDArray[np.str_]) -> None:
    """Refuses requested classes that the judge does not know."""
    unknown = sorted({*requested.tolist()} - {*classes})
    fault = describe("classes that the judge does not know", ", ".join(unknown), ", ".join(classes), "")
    refuse([fault] if unknown else [])


@torch.no_grad()
def compute_all_probabilities(
    classifier: TrainedClassifier, images: Iterable[NDArray[np.float32]]
) -> NDArray[np.float64]:
    """Returns calibrated probabilities, shape (N, K), of batches of images, shape (B, 1, H, W)."""
    device = next(classifier.network.parameters()).device
    blocks = [np.zeros((0, len(classifier.record.classes)))]
    for batch in images:
        for block in torch.from_numpy(np.ascontiguousarray(batch)).split(BATCH):
            blocks.append(classifier.compute_probabilities(block.to(device)).double().cpu().numpy())
    return np.concatenate(blocks)


def compare_by_class(
    probabilities: NDArray[np.float64], labels: NDArray[np.str_], groups: NDArray[Any], classes: tuple[str, ...]
) -> dict[str, Agreement]:
    """Returns the agreement for each class that a label names."""
    parts = {name: labels == name for name in classes if name in labels}
    return {
        name: compare_labels(probabilities[part], labels[part], groups[part], classes) for name, part in parts.items()
    }


def compare_labels(
    probabilities: NDArray[np.float64], labels: NDArray[np.str_], groups: NDArray[Any], classes: tuple[str, ...]
) -> Agreement:
    """Returns the agreement of probabilities (N, K) with labels (N,), images of one group being dependent.

    The interval is Wilson's for as many images as there are groups: wide rather than narrow where a patient has
    several images.
    """
    codes = encode_labels(labels, classes)
    share = float((probabilities.argmax(axis=1) == codes).mean())
    count = len(np.unique(groups))
    low, high = compute_wilson_interval(share, count)
    certainty = float(probabilities[np.arange(len(codes)), codes].mean())
    return Agreement(len(codes), count, share, low, high, certainty)
