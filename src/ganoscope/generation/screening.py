"""Rejects generated images that copy training images, or whose class is improbable according to a classifier."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.fitness import refuse_dependent, refuse_other_images, warn_of_dangers
from ganoscope.classifiers.trained import ClassifierRecord, TrainedClassifier, read_auroc
from ganoscope.copies.matches import EXTENTS
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, gather
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.copy_check import CopyCheck, make_copy_check
from ganoscope.generation.drawing import BLOCK
from ganoscope.progress import CONSOLE
from ganoscope.training.run_folder.trained_run import TrainedRun

COPY, LABEL = "copy", "label"
CHANCE = 0.5
"""AUROC of a classifier that guesses."""


@dataclass(frozen=True)
class Verdict:
    """Result of screening one image.

    Attributes:
        reasons: Why it is rejected: COPY, LABEL or both; empty where it passes.
        correlation: Absolute correlation with the nearest training image; None where copies are not searched for.
        p: Probability of such a resemblance by chance; None where copies are not searched for.
        confidence: Probability that the classifier gives to its class; None without a classifier.
        nearest: Position of the nearest training image in the store; None where copies are not searched for.
    """

    reasons: tuple[str, ...] = ()
    correlation: float | None = None
    p: float | None = None
    confidence: float | None = None
    nearest: int | None = None


@dataclass(frozen=True)
class LabelCheck:
    """A classifier, and the probability that it must give to an image's class.

    Attributes:
        classifier: Classifier with calibrated probabilities.
        minimum: Lowest probability of the class of an image that passes.
        columns: Column of each class of the run in the classifier's output, shape (classes,).
        device: Device of the classifier.
    """

    classifier: TrainedClassifier
    minimum: float
    columns: NDArray[np.int64]
    device: torch.device


@dataclass(frozen=True)
class Screening:
    """Criteria that generated images must meet; either part may be missing.

    Attributes:
        run: Run that generates the images.
        copies: The check for copies.
        labels: The check of classes.
    """

    run: TrainedRun
    copies: CopyCheck | None = None
    labels: LabelCheck | None = None

    def screen(self, pixels: NDArray[np.generic], codes: NDArray[np.int64]) -> list[Verdict]:
        """Returns the results for images in stored units, shape (B, H, W), with class codes, shape (B,)."""
        verdicts = [Verdict()] * len(pixels)
        if self.copies or self.labels:
            images = self.run.record.intensity.to_network(pixels)
            verdicts = find_copies(self.copies, images, verdicts) if self.copies else verdicts
            verdicts = doubt_labels(self.labels, images, codes, verdicts) if self.labels else verdicts
        return verdicts

    def describe(self) -> dict[str, object]:
        """Returns the criteria as written to `provenance.json`."""
        described: dict[str, object] = {}
        if self.copies:
            described["copies"] = self.copies.describe()
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


def find_copies(check: CopyCheck, images: NDArray[np.float32], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Returns the results with resemblances to training images added.

    Args:
        check: The training images.
        images: Network range, shape (B, H, W).
        verdicts: Results so far, one per image.
    """
    found = check.search.match(images)
    p_values = check.compute_p(found)
    places = np.choose(p_values.extent, [found[extent].position for extent in EXTENTS])
    positions = check.search.members.indices[places]
    rows = zip(check.flag(p_values), p_values.correlation, p_values.p, positions, strict=True)
    return [
        replace(
            verdict,
            reasons=(*verdict.reasons, COPY) if flagged else verdict.reasons,
            correlation=float(correlation),
            p=float(p),
            nearest=int(position),
        )
        for verdict, (flagged, correlation, p, position) in zip(verdicts, rows, strict=True)
    ]


@torch.no_grad()
def doubt_labels(
    check: LabelCheck, images: NDArray[np.float32], codes: NDArray[np.int64], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """Returns the results with the probabilities of the images' classes added.

    Args:
        check: The classifier.
        images: Network range, shape (B, H, W).
        codes: Class codes, shape (B,).
        verdicts: Results so far, one per image.
    """
    padding = -len(images) % BLOCK
    blocks = torch.nn.functional.pad(torch.from_numpy(images)[:, None], (0,) * 7 + (padding,)).split(BLOCK)
    answers = [check.classifier.compute_probabilities(block.to(check.device)).cpu().numpy() for block in blocks]
    probabilities = np.concatenate(answers)[: len(images)]
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
    """Returns the requested criteria; measures what resemblance happens by chance.

    Args:
        run: Run that generates the images.
        store: The store that the run was trained on; None where nothing needs it.
        classifier: Classifier of the images' classes; None if none was requested.
        config: What was asked for.

    Raises:
        UserError: The classifier does not fit the run or its store, or the store has no validation images.
    """
    labels = make_label_check(run, store, classifier, config.min_label_confidence) if store and classifier else None
    copies = make_copy_check(store, config.seed) if store and config.reject_copies else None
    return Screening(run, copies, labels)


def make_label_check(run: TrainedRun, store: Store, classifier: TrainedClassifier, minimum: float | None) -> LabelCheck:
    """Returns the check of classes.

    Args:
        run: Run that generates the images.
        store: The store that the run was trained on.
        classifier: Classifier of the images' classes.
        minimum: Lowest probability of the class of an image that passes.

    Raises:
        UserError: The classifier was trained on other classes or images, or on held-out images of the store.
    """
    gather(
        partial(refuse_other_classes, classifier, run.classes),
        partial(refuse_other_images, classifier, store),
        partial(refuse_dependent, classifier, store),
    )
    warn_of_dangers(classifier.path)
    warn_of_guessing(classifier.record)
    columns = np.array([classifier.record.classes.index(name) for name in run.classes])
    device = next(classifier.network.parameters()).device
    return LabelCheck(classifier, minimum or 0.0, columns, device)


def warn_of_guessing(record: ClassifierRecord) -> None:
    """Warns of a classifier that may only guess: its rejections are then unrelated to the classes."""
    value, low, high = read_auroc(record).values()
    if value is None or low is None or high is None:
        known = "not measured"
    elif low <= CHANCE:
        known = f"{value:.3f} ({low:.3f} to {high:.3f})"
    else:
        return
    CONSOLE.print(
        f"warning: the classifier's AUROC on held-out images is {known}: it may be guessing, and then "
        f"--min-label-confidence does not check classes."
    )


def refuse_other_classes(classifier: TrainedClassifier, classes: Sequence[str]) -> None:
    """Refuses a classifier with other classes than the run; their order may differ.

    Raises:
        UserError: The classes differ.
    """
    known = classifier.record.classes
    if set(known) != set(classes):
        fault = f"classifier {classifier.path} distinguishes other classes than the run"
        raise UserError(describe(fault, ", ".join(known), ", ".join(classes), "Train one on the run's store."))
