"""Which generated images are turned away: copies of training images, and images whose class a classifier doubts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.fitness import refuse_as_judge, refuse_other_images
from ganoscope.classifiers.trained import ClassifierRecord, TrainedClassifier, read_auroc
from ganoscope.data.checks.copies import CLOSE, CopyBorder, index_training, measure_border
from ganoscope.data.checks.nearest import SearchIndex, find_nearest
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, gather
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.drawing import BLOCK
from ganoscope.progress import CONSOLE, timed
from ganoscope.training.run_folder.trained_run import TrainedRun

COPY, LABEL = "copy", "label"
CHANCE = 0.5


@dataclass(frozen=True)
class Verdict:
    """What was found about one image.

    Attributes:
        reasons: Why it is turned away: COPY, LABEL, both or none.
        distance: 1 - correlation with the nearest training image, or None where it was not sought.
        confidence: Probability that the classifier gives to its class, or None where it was not asked.
        nearest: Position of the nearest training image in the store, or None.
    """

    reasons: tuple[str, ...] = ()
    distance: float | None = None
    confidence: float | None = None
    nearest: int | None = None


@dataclass(frozen=True)
class CopySearch:
    """The training images, and the border from which on an image is a copy of one.

    Attributes:
        index: Of the training images.
        border: See `copies.py`.
        positions: Of the training images in the store, shape (N,).
    """

    index: SearchIndex
    border: CopyBorder
    positions: NDArray[np.int64]


@dataclass(frozen=True)
class LabelCheck:
    """A classifier, and the probability that it must give to an image's class.

    Attributes:
        classifier: Whose calibrated probabilities count.
        minimum: The probability.
        columns: Column of each of the run's classes among the classifier's.
        device: Where it computes.
    """

    classifier: TrainedClassifier
    minimum: float
    columns: NDArray[np.int64]
    device: torch.device


@dataclass(frozen=True)
class Screening:
    """What generated images are held against; either part may be missing.

    Attributes:
        run: Whose images they are.
        copies: The search for copies.
        labels: The check of classes.
    """

    run: TrainedRun
    copies: CopySearch | None = None
    labels: LabelCheck | None = None

    def judge(self, pixels: NDArray[np.generic], codes: NDArray[np.int64]) -> list[Verdict]:
        """Returns a verdict on each image, given in stored units, shape (B, H, W), with its class code, shape (B,)."""
        verdicts = [Verdict()] * len(pixels)
        if self.copies or self.labels:
            images = self.run.record.intensity.to_network(pixels)
            verdicts = find_copies(self.copies, images, verdicts) if self.copies else verdicts
            verdicts = doubt_labels(self.labels, images, codes, verdicts) if self.labels else verdicts
        return verdicts

    def describe(self) -> dict[str, object]:
        """Returns what `provenance.json` says about the criteria."""
        described: dict[str, object] = {}
        if self.copies:
            described["copies"] = asdict(self.copies.border)
        if self.labels:
            record = self.labels.classifier.record
            described["labels"] = {
                "min_confidence": self.labels.minimum,
                "network": record.network,
                "classifier_weights_sha256": record.weights_sha256,
                "temperature": record.temperature,
                "classifier_test_auroc": read_auroc(record),
            }
        return described


def find_copies(search: CopySearch, images: NDArray[np.float32], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Returns the verdicts on images (B, H, W) in network range, with their distances to training images added."""
    near = find_nearest(search.index, images)
    found = zip(verdicts, near.correlation.tolist(), search.positions[near.position].tolist(), strict=True)
    return [
        replace(
            verdict,
            reasons=(*verdict.reasons, COPY) if correlation > search.border.correlation else verdict.reasons,
            distance=1 - correlation,
            nearest=position,
        )
        for verdict, correlation, position in found
    ]


@torch.no_grad()
def doubt_labels(
    check: LabelCheck, images: NDArray[np.float32], codes: NDArray[np.int64], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """Returns the verdicts on images (B, H, W) in network range, with the probabilities of their classes added."""
    padding = -len(images) % BLOCK
    blocks = torch.nn.functional.pad(torch.from_numpy(images)[:, None], (0,) * 7 + (padding,)).split(BLOCK)
    judged = [check.classifier.compute_probabilities(block.to(check.device)).cpu().numpy() for block in blocks]
    probabilities = np.concatenate(judged)[: len(images)]
    own = np.take_along_axis(probabilities, check.columns[codes][:, None], axis=1)[:, 0]
    return [
        replace(
            verdict,
            reasons=(*verdict.reasons, LABEL) if confidence < check.minimum else verdict.reasons,
            confidence=confidence,
        )
        for verdict, confidence in zip(verdicts, own.tolist(), strict=True)
    ]


def make_screening(
    run: TrainedRun, store: Store | None, classifier: TrainedClassifier | None, config: GenerateConfig
) -> Screening:
    """Returns what the configuration asks to hold images against; measures the border for copies.

    Raises:
        UserError: The classifier does not fit the run or its store, or the store has no validation images.
    """
    labels = make_label_check(run, store, classifier, config.min_label_confidence) if store and classifier else None
    copies = make_copy_search(store, config.seed) if store and config.reject_copies else None
    return Screening(run, copies, labels)


def make_copy_search(store: Store, seed: int) -> CopySearch:
    """Returns the search for copies of the store's training images."""
    with timed("measuring how near held-out real images are to training images"):
        index = index_training(store)
        border = measure_border(store, index, seed)
    CONSOLE.print(
        f"copy: correlation above {border.correlation:.3f} with a training image; {border.held_out:,} held-out images "
        f"of {border.groups:,} groups; expected by chance: {border.false_positives:.1%}"
    )
    if border.correlation > CLOSE:
        CONSOLE.print(
            "warning: held-out images are so near to training images that changed copies may pass. Are images of one "
            "patient in several parts of the store, or is the set all alike?"
        )
    return CopySearch(index, border, store.indices("train"))


def make_label_check(run: TrainedRun, store: Store, classifier: TrainedClassifier, minimum: float | None) -> LabelCheck:
    """Returns the check of classes.

    Raises:
        UserError: The classifier knows other classes or images, or has seen images that it must not have seen.
    """
    gather(
        partial(refuse_other_classes, classifier, run.classes),
        partial(refuse_other_images, classifier, store),
        partial(refuse_as_judge, classifier, store),
    )
    warn_of_guessing(classifier.record)
    columns = np.array([classifier.record.classes.index(name) for name in run.classes])
    device = next(classifier.network.parameters()).device
    return LabelCheck(classifier, minimum or 0.0, columns, device)


def warn_of_guessing(record: ClassifierRecord) -> None:
    """Warns of a classifier that may not know its classes: what it turns away is then chosen by something else."""
    value, low, high = read_auroc(record).values()
    if value is None or low is None or high is None:
        known = "not measured"
    elif low <= CHANCE:
        known = f"{value:.3f} ({low:.3f} to {high:.3f})"
    else:
        return
    CONSOLE.print(
        f"warning: the classifier's AUROC on held-out images is {known}: that it only guesses can't be ruled out, and "
        "then --min-label-confidence is no check of classes."
    )


def refuse_other_classes(classifier: TrainedClassifier, classes: Sequence[str]) -> None:
    """Refuses a classifier that knows other classes than the run; their order may differ."""
    known = classifier.record.classes
    if set(known) != set(classes):
        fault = f"classifier {classifier.path} knows other classes than the run"
        raise UserError(describe(fault, ", ".join(known), ", ".join(classes), "Train one on the run's store."))
