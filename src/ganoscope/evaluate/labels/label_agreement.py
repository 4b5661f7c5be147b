"""Agreement of an independent classifier with the classes that a generator was asked for.

The classifier's accuracy on held-out real images is the ceiling: a classifier that is right on 85% of real images
can't be expected to agree on more. Agreement above the ceiling is not better: such images are easier than real ones,
for example typical or exaggerated.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.fitness import refuse_dependent, refuse_other_images
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.contracts import Measured, Need
from ganoscope.data.store import Store
from ganoscope.data.store.classes import encode_labels
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_wilson_interval

NAME = "label_agreement"
NEEDS: frozenset[Need] = frozenset({"generated", "held_out", "classifier"})

BATCH = 64


@dataclass(frozen=True)
class Agreement:
    """Agreement of a classifier with the labels of some images.

    Attributes:
        images: Number of images.
        groups: Number of patients or near-duplicate clusters among them; each generated image is a group of its own.
        share: Share of images whose most probable class is the label's.
        low: Lower end of its 95% interval.
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
        generated: Agreement on all generated images.
        real: Agreement on all images of the store's test split, at their own prevalence; None where none has a label.
        generated_by_class: Agreement on generated images by requested class.
        real_by_class: Agreement on real images by true class; classes without test images are left out.
        classifier: Name of the independent classifier.
        weights_sha256: SHA-256 of its weights.
        store_fingerprint: Fingerprint of the store with the real images.
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
    """Returns the agreement of a classifier with the requested class of generated and the true class of real images.

    Real images are those of the store's test split: weights and temperature were chosen on the validation split.

    Args:
        classifier: An independent classifier, not one that the generator learned from.
        images: Batches of generated images in network range, shape (B, 1, H, W) each.
        requested: Requested class of each image, shape (N,).
        store: Store with the real images.

    Raises:
        UserError: The classifier has seen held-out images, was trained on another kind of images, or lacks a requested
        class; or the numbers of images and classes differ.
    """
    refuse_other_images(classifier, store)
    refuse_dependent(classifier, store)
    refuse_unknown(classifier.record.classes, requested)
    probabilities = compute_all_probabilities(classifier, images)
    if len(probabilities) != len(requested) or not len(requested):
        counts = f"{write_count(len(probabilities), 'image')} and {write_count(len(requested), 'class', 'classes')}"
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


def measure(evidence: Comparison) -> Measured:
    """Returns the share of generated images that show the requested class; its floor is that of real test images.

    Args:
        evidence: Holds generated images with labels, held-out images, of whose store the test split is used, and an
            independent classifier.

    Raises:
        UserError: Something is missing, or the classifier is not independent of this store.
    """
    generated, store = require(evidence.generated, "generated"), require(evidence.held_out, "held_out").store
    requested = require(generated.labels, "generated")
    found = measure_label_agreement(require(evidence.classifier, "classifier"), [generated.images], requested, store)
    return Measured(to_estimate(found.generated), to_estimate(found.real) if found.real else None, "higher")


def to_estimate(agreement: Agreement) -> Estimate:
    """Returns the share of agreement as an estimate."""
    return Estimate(agreement.share, agreement.low, agreement.high, agreement.images, agreement.groups)


def refuse_unknown(classes: tuple[str, ...], requested: NDArray[np.str_]) -> None:
    """Refuses requested classes, shape (N,), that the classifier does not know.

    Raises:
        UserError: There are such classes.
    """
    unknown = sorted({*requested.tolist()} - {*classes})
    fault = describe(
        "classes that the independent classifier does not know", ", ".join(unknown), ", ".join(classes), ""
    )
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
    """Returns the agreement on the images of each class.

    Args:
        probabilities: Shape (N, K).
        labels: Class of each image, shape (N,).
        groups: Group of each image, shape (N,).
        classes: Names of the K classes; those without images are left out.
    """
    parts = {name: labels == name for name in classes if name in labels}
    return {
        name: compare_labels(probabilities[part], labels[part], groups[part], classes) for name, part in parts.items()
    }


def compare_labels(
    probabilities: NDArray[np.float64], labels: NDArray[np.str_], groups: NDArray[Any], classes: tuple[str, ...]
) -> Agreement:
    """Returns the agreement of a classifier's probabilities with labels.

    The interval is Wilson's for as many images as there are groups: wide rather than narrow where a patient has
    several images.

    Args:
        probabilities: Shape (N, K).
        labels: Class of each image, shape (N,).
        groups: Group of each image, shape (N,): images of one group are not independent.
        classes: Names of the K classes.
    """
    codes = encode_labels(labels, classes)
    share = float((probabilities.argmax(axis=1) == codes).mean())
    count = len(np.unique(groups))
    low, high = compute_wilson_interval(share, count)
    certainty = float(probabilities[np.arange(len(codes)), codes].mean())
    return Agreement(len(codes), count, share, low, high, certainty)
