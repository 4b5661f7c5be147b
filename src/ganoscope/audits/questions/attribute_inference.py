"""Attribute inference: do synthetic images tell more about training patients than about others?

Threat model: somebody has an image of a patient, and infers the patient's class, such as a diagnosis, from the classes
of the synthetic images that are most similar. It is a leak where that works better for training patients than for
others, and better by more than it does with real images of other patients: training patients may be easier cases. The
class is the only attribute that synthetic images carry: age, sex or view of a training patient can't be inferred from
images that don't state any.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.contracts import Measured
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError
from ganoscope.evaluate.features import Extractor, extract_features, extract_store_features, make_random_extractor
from ganoscope.evaluate.reidentification.class_inference import estimate_accuracies, infer_classes
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate

QUESTION = "Can the class of a training patient be inferred better than that of others?"
RANK = 40

MOST_IMAGES = 10_000
"""Images of each set that are looked at, chosen at random where there are more."""
BATCH = 512
Floats = NDArray[np.float64]


def ask(evidence: AuditEvidence) -> Answer:
    """Returns the answer.

    Args:
        evidence: Synthetic images with classes, members and held-out images.

    Raises:
        UserError: It can't be tested: there are no held-out images, or the images have no two classes in common.
    """
    held_out, labels, classes = require_attribute(evidence)
    extractor = make_random_extractor(device=evidence.device)
    chosen = thin(np.flatnonzero(np.isin(labels, classes)), evidence.seed, 2)
    features, codes = read_features(evidence.synthetic, extractor, chosen), np.searchsorted(classes, labels[chosen])
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    sets = [
        read_patients(keep_classes(real, classes, evidence.seed, number), classes, extractor)
        for number, real in enumerate((evidence.members, held_out))
    ]
    synthetic, real = (features - middle) / spread, (np.concatenate([one.features for one in sets]) - middle) / spread
    real_codes, real_groups = (np.concatenate([getattr(one, name) for one in sets]) for name in ("codes", "groups"))
    answers, beyond = [], []
    for one in sets:
        images = (one.features - middle) / spread
        right = infer_classes(images, synthetic, codes) == one.codes
        by_real = infer_classes(images, real, real_codes, (one.groups, real_groups)) == one.codes
        answers.append((right, one.codes, one.groups))
        beyond.append((right.astype(np.int64) - by_real, one.codes, one.groups))
    found = estimate_accuracies(answers[0], answers[1], evidence.seed)
    control = estimate_accuracies(beyond[0], beyond[1], evidence.seed)[2]
    leaks = found[2].low > 0 and control.low > 0
    return Answer(
        "fault" if leaks else "clear",
        write_verdict(found, control, leaks),
        list_values(found, control, extractor),
        {"attribute": "class", "classes": classes.tolist(), "synthetic_images": len(codes)},
    )


@dataclass(frozen=True)
class Patients:
    """Real images whose classes are inferred.

    Attributes:
        features: Features, shape (N, C).
        codes: True class of each, shape (N,).
        groups: Patient of each, shape (N,).
    """

    features: Floats
    codes: NDArray[np.int64]
    groups: NDArray[Any]


def read_patients(real: RealImages, classes: NDArray[np.str_], extractor: Extractor) -> Patients:
    """Returns features, classes and patients of real images.

    Args:
        real: The images.
        classes: Names of the classes, shape (K,).
        extractor: Feature extractor.
    """
    features = extract_store_features(extractor, real.store, real.indices).values
    return Patients(features, np.searchsorted(classes, real.store.column("label")[real.indices]), real.groups)


def require_attribute(evidence: AuditEvidence) -> tuple[RealImages, NDArray[np.str_], NDArray[np.str_]]:
    """Returns (held-out images, class of each synthetic image, shape (M,), classes that all have, shape (K,)).

    Raises:
        UserError: There are no held-out images, or no two common classes.
    """
    held_out, labels = evidence.held_out, evidence.synthetic.labels
    if held_out is None or not len(held_out.indices):
        raise UserError("attribute inference can't be tested without held-out patients: give a store as --holdout.")
    if labels is None:
        raise UserError("attribute inference is not tested: the synthetic images have no attributes, not even classes.")
    classes = np.unique(labels)
    for real in (evidence.members, held_out):
        classes = np.intersect1d(classes, real.store.column("label")[real.indices])
    classes = classes[classes != ""]
    if len(classes) < 2:
        raise UserError("attribute inference is not tested: the images have no two classes in common.")
    return held_out, labels, classes


def read_features(images: SyntheticImages, extractor: Extractor, chosen: NDArray[np.int64]) -> Floats:
    """Returns the features of synthetic images, shape (M, C).

    Args:
        images: The images.
        extractor: Feature extractor.
        chosen: Ascending positions, shape (M,).
    """
    batches = (images.load(chosen[start : start + BATCH]) for start in range(0, len(chosen), BATCH))
    return extract_features(extractor, batches).values


def keep_classes(real: RealImages, classes: NDArray[np.str_], seed: int, number: int) -> RealImages:
    """Returns the real images of some classes, at most `MOST_IMAGES`.

    Args:
        real: The images.
        classes: Names of the classes, shape (K,).
        seed: Seed of the choice.
        number: Number of the set: sets are thinned apart from each other.
    """
    known = np.flatnonzero(np.isin(real.store.column("label")[real.indices], classes))
    return RealImages(real.store, real.indices[thin(known, seed, number)])


def thin(positions: NDArray[np.int64], seed: int, number: int) -> NDArray[np.int64]:
    """Returns at most `MOST_IMAGES` positions in ascending order, chosen at random where there are more.

    Args:
        positions: Ascending, shape (N,).
        seed: Seed of the choice.
        number: Number of the set: sets are thinned apart from each other.
    """
    if len(positions) <= MOST_IMAGES:
        return positions
    return np.sort(stream(seed, Stream.INFERRED_CLASSES, 9, number).choice(positions, MOST_IMAGES, replace=False))


def write_verdict(found: tuple[Estimate, Estimate, Estimate], control: Estimate, leaks: bool) -> str:
    """Returns what is shown, or what would have been seen.

    Args:
        found: Accuracy for training images, for held-out images, and their difference.
        control: By how much that difference exceeds the one with real images of other patients.
        leaks: Whether a leak is shown.
    """
    members, held_out, difference = found
    rates = f"the class of {members.value:.1%} of training images and of {held_out.value:.1%} of held-out images is "
    rates += "inferred from the most similar synthetic ones (average over classes)"
    interval = f"difference {difference.value:+.1%}, {difference.low:+.1%} to {difference.high:+.1%}"
    if leaks:
        return f"Leak shown: {rates}; {interval}."
    if difference.low > 0:
        return (
            f"No leak shown: {rates}; {interval}. With real images of other patients in place of the synthetic ones "
            "the difference is about the same: the classes of training images are easier to tell."
        )
    least = difference.value - difference.low
    return f"No leak shown: {rates}; {interval}. A difference of about {least:.1%} would have been seen."


def list_values(
    found: tuple[Estimate, Estimate, Estimate], control: Estimate, extractor: Extractor
) -> tuple[Value, ...]:
    """Returns the accuracy, held-out images as its floor, the difference, and what of it the sets don't explain.

    Args:
        found: Accuracy for training images, for held-out images, and their difference.
        control: By how much that difference exceeds the one with real images of other patients.
        extractor: Feature extractor.
    """
    members, held_out, difference = found
    measured = {
        "inference_accuracy": Measured(members, held_out, "like real"),
        "inference_advantage": Measured(difference, None, "lower"),
        "inference_advantage_beyond_sets": Measured(control, None, "lower"),
    }
    return tuple(Value(name, each, "all", extractor.name, extractor.weights_sha256) for name, each in measured.items())
