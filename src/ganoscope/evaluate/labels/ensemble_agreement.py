"""Agreement of an ensemble that learned from the training images with the classes that a generator was asked for.

Its agreement with the classes of held-out real images is the ceiling, at the same mix of classes: where more images of
an easy class are asked for than real patients have, agreement would be higher for that alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.data.real_images import RealImages
from ganoscope.data.store.classes import encode_labels
from ganoscope.errors import UserError, describe
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.features import BATCH
from ganoscope.evaluate.label_ensemble import Ensemble, train_ensemble
from ganoscope.evaluate.labels.label_agreement import Agreement, compare_by_class, compare_labels, refuse_unknown
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

NAME = "ensemble_agreement"
NEEDS: frozenset[Need] = frozenset({"generated", "training", "held_out", "extractor"})

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EnsembleAgreement:
    """Agreement of an ensemble with requested and with true classes.

    Attributes:
        generated: Agreement on all generated images.
        real: Share of held-out images whose true class is found, at the generated images' mix of classes.
        chance: Share that the most frequent class alone would reach at that mix.
        generated_by_class: Agreement on generated images by requested class.
        real_by_class: Agreement on held-out images by true class.
        voters: Shares of each classifier alone by its name: on generated and on held-out images.
        probabilities: Probability of the requested class of each generated image, shape (N,).
        agrees: Whether the requested class is the most probable one, shape (N,).
        images: Number of real images that the ensemble learned from.
    """

    generated: Agreement
    real: Estimate
    chance: float
    generated_by_class: dict[str, Agreement]
    real_by_class: dict[str, Agreement]
    voters: dict[str, tuple[float, float]]
    probabilities: Floats
    agrees: NDArray[np.bool_]
    images: int


def measure_ensemble_agreement(
    ensemble: Ensemble, images: Iterable[NDArray[np.float32]], requested: NDArray[np.str_], held_out: RealImages
) -> EnsembleAgreement:
    """Returns the agreement of an ensemble with requested classes, beside that with true classes of real images.

    Args:
        ensemble: The ensemble.
        images: Batches of generated images in network range, shape (B, 1, H, W) each.
        requested: Requested class of each image, shape (N,).
        held_out: Real images of patients that the ensemble has not seen.

    Raises:
        UserError: The ensemble does not know a requested class, or no held-out image has one.
    """
    refuse_unknown(ensemble.classes, requested)
    store, labels = held_out.store, held_out.store.column("label")[held_out.indices]
    kept = np.flatnonzero(np.isin(labels, np.unique(requested)))
    if not len(kept):
        raise UserError(describe("no held-out image of a requested class", 0, "1 or more", "Hold out labelled images."))
    indices, labels = held_out.indices[kept], labels[kept]
    votes = ensemble.ask(images)
    answers = ensemble.ask(store.load_images(indices[at : at + BATCH]) for at in range(0, len(indices), BATCH))
    mean, groups, own = votes.mean(axis=0), store.column("group")[indices], np.arange(len(requested))
    codes, truth = encode_labels(requested, ensemble.classes), encode_labels(labels, ensemble.classes)
    alone = zip(ensemble.voters, votes, answers, strict=True)
    return EnsembleAgreement(
        generated=compare_labels(mean, requested, own, ensemble.classes),
        real=estimate_at_mix(answers.mean(axis=0).argmax(axis=1) == truth, truth, codes, groups),
        chance=float(np.bincount(codes).max() / len(codes)),
        generated_by_class=compare_by_class(mean, requested, own, ensemble.classes),
        real_by_class=compare_by_class(answers.mean(axis=0), labels, groups, ensemble.classes),
        voters={
            voter.name: (float((vote.argmax(1) == codes).mean()), float((answer.argmax(1) == truth).mean()))
            for voter, vote, answer in alone
        },
        probabilities=mean[own, codes],
        agrees=mean.argmax(axis=1) == codes,
        images=ensemble.images,
    )


def estimate_at_mix(
    right: NDArray[np.bool_], truth: NDArray[np.int64], codes: NDArray[np.int64], groups: NDArray[Any]
) -> Estimate:
    """Returns the share of right answers at another mix of classes: direct standardisation.

    sum_c q_c a_c, with q_c the share of class c among generated images and a_c the share of right answers among the
    real ones of class c. Classes without real images are left out of the mix.

    Args:
        right: Whether the answer is right, for each real image, shape (M,).
        truth: Class code of each real image, shape (M,).
        codes: Class code of each generated image, shape (N,).
        groups: Group of each real image, shape (M,).
    """
    number = int(max(truth.max(), codes.max())) + 1
    wanted, there = (np.bincount(one, minlength=number).astype(np.float64) for one in (codes, truth))
    wanted = np.where(there > 0, wanted, 0.0)
    weights = (wanted / wanted.sum() / np.maximum(there, 1) * len(truth))[truth]
    found = estimate_mean(right * weights, [str(name) for name in groups])
    return Estimate(found.value, max(found.low, 0.0), min(found.high, 1.0), found.n, found.groups)


def measure(evidence: Comparison) -> Measured:
    """Returns the share of generated images in which an ensemble finds the requested class; its floor is that of real.

    Args:
        evidence: Holds generated images with labels, training images to learn from, held-out images and an extractor.

    Raises:
        UserError: Something is missing, or there are fewer than two classes.
    """
    generated, training = require(evidence.generated, "generated"), require(evidence.training, "training")
    held_out, extractor = require(evidence.held_out, "held_out"), require(evidence.extractor, "extractor")
    requested = require(generated.labels, "generated")
    ensemble = train_ensemble(training, extractor, evidence.seed)
    found = measure_ensemble_agreement(ensemble, [generated.images], requested, held_out)
    one = found.generated
    return Measured(Estimate(one.share, one.low, one.high, one.images, one.groups), found.real, "higher")
