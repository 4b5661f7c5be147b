"""Label fidelity: whether synthetic images show the class that they were asked to show."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.classifiers.fitness import refuse_other_images
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.contracts import Measured
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError, describe
from ganoscope.evaluate.features import BATCH, make_random_extractor
from ganoscope.evaluate.label_ensemble import train_ensemble
from ganoscope.evaluate.labels.ensemble_agreement import NAME, EnsembleAgreement, measure_ensemble_agreement
from ganoscope.evaluate.labels.label_agreement import NAME as CLASSIFIER
from ganoscope.evaluate.labels.label_agreement import (
    compare_labels,
    compute_all_probabilities,
    refuse_unknown,
    to_estimate,
)

QUESTION = "Do synthetic images show the class that they were asked to show?"
RANK = 70


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how often an ensemble that learned from members finds the requested class, beside real images.

    A fault is shown where the agreement's interval lies wholly below that on held-out real images, at the same mix of
    classes.

    Args:
        evidence: Synthetic images with classes, members and held-out images; a classifier where there is one.

    Raises:
        UserError: Classes or held-out images are missing, or the ensemble does not recognise real images either.
    """
    requested, held_out = evidence.synthetic.labels, evidence.held_out
    if requested is None:
        raise UserError("Synthetic images were not asked to show a class: label fidelity can't be tested.")
    if held_out is None:
        raise UserError("Without held-out images it is unknown how well real images of a class are recognised.")
    ensemble = train_ensemble(evidence.members, make_random_extractor(device=evidence.device), evidence.seed)
    found = measure_ensemble_agreement(ensemble, stream_images(evidence.synthetic), requested, held_out)
    if found.real.low <= found.chance:
        fault = "the ensemble does not recognise the classes of held-out images"
        given = f"{found.real.value:.0%} ({found.real.low:.0%} to {found.real.high:.0%}) right"
        raise UserError(describe(fault, given, f"more than {found.chance:.0%}", "Its answers would say nothing."))
    classifier, warnings = measure_classifier(evidence.classifier, evidence.synthetic, held_out)
    whole = to_estimate(found.generated)
    fault_shown = whole.high < found.real.low
    easier = whole.low > found.real.high
    return Answer(
        outcome="fault" if fault_shown else "clear",
        verdict=write_verdict(found, fault_shown),
        values=(Value(NAME, Measured(whole, found.real, "higher")), *list_class_values(found), *classifier),
        details={
            "voters": {name: {"synthetic": one, "held_out": two} for name, (one, two) in found.voters.items()},
            "learned_from_images": found.images,
            "chance": found.chance,
            "synthetic_by_class": {name: asdict(one) for name, one in found.generated_by_class.items()},
            "held_out_by_class": {name: asdict(one) for name, one in found.real_by_class.items()},
        },
        columns={
            "label_probability": [round(float(one), 4) for one in found.probabilities],
            "label_agrees": [bool(one) for one in found.agrees],
        },
        warnings=(
            *(["Classes are easier to tell than in real images: synthetic ones are more typical."] if easier else []),
            *warnings,
        ),
    )


def stream_images(synthetic: SyntheticImages) -> Iterator[NDArray[np.float32]]:
    """Yields all images in batches, shape (B, 1, H, W)."""
    for at in range(0, synthetic.count, BATCH):
        yield synthetic.load(np.arange(at, min(at + BATCH, synthetic.count)))


def list_class_values(found: EnsembleAgreement) -> list[Value]:
    """Returns the agreement by class, beside that on real images of the class."""
    return [
        Value(
            NAME,
            Measured(
                to_estimate(one),
                to_estimate(found.real_by_class[name]) if name in found.real_by_class else None,
                "higher",
            ),
            f"class {name}",
        )
        for name, one in found.generated_by_class.items()
    ]


def measure_classifier(
    classifier: TrainedClassifier | None, synthetic: SyntheticImages, held_out: RealImages
) -> tuple[list[Value], list[str]]:
    """Returns the agreement of the classifier that was given, and why there is none.

    Args:
        classifier: A classifier that has not seen the held-out images; None where there is none.
        synthetic: Synthetic images with classes.
        held_out: Real images of other patients.
    """
    if classifier is None or synthetic.labels is None:
        return [], []
    try:
        refuse_other_images(classifier, held_out.store)
        refuse_unknown(classifier.record.classes, synthetic.labels)
    except UserError as error:
        return [], [f"The classifier's agreement is left out: {error}"]
    names = classifier.record.classes
    own = compare_labels(
        compute_all_probabilities(classifier, stream_images(synthetic)),
        synthetic.labels,
        np.arange(synthetic.count),
        names,
    )
    labels = held_out.store.column("label")[held_out.indices]
    kept = np.isin(labels, names)
    indices, labels = held_out.indices[kept], labels[kept]
    batches = (held_out.store.load_images(indices[at : at + BATCH]) for at in range(0, len(indices), BATCH))
    answers, groups = compute_all_probabilities(classifier, batches), held_out.store.column("group")[indices]
    floor = to_estimate(compare_labels(answers, labels, groups, names)) if len(indices) else None
    record = classifier.record
    name = f"{record.network}, trained on {record.store_name}"
    return [Value(CLASSIFIER, Measured(to_estimate(own), floor, "higher"), "all", name, record.weights_sha256)], []


def write_verdict(found: EnsembleAgreement, fault_shown: bool) -> str:
    """Returns the verdict.

    Args:
        found: Agreement of the ensemble.
        fault_shown: Whether it lies wholly below that on real images.
    """
    one, real = found.generated, found.real
    numbers = (
        f"The requested class is found in {one.share:.0%} ({one.low:.0%} to {one.high:.0%}) of {one.images:,} "
        f"synthetic images, and the true class in {real.value:.0%} ({real.low:.0%} to {real.high:.0%}) of "
        f"{real.n:,} held-out ones."
    )
    if not fault_shown:
        limit = max(0.0, real.low - (one.high - one.share))
        return f"No confusion of classes is shown. {numbers} Below {limit:.0%}, it would have been seen."
    low = [
        f"{name} ({mine.share:.0%} against {found.real_by_class[name].share:.0%})"
        for name, mine in found.generated_by_class.items()
        if name in found.real_by_class and mine.high < found.real_by_class[name].low
    ]
    classes = f" Classes: {', '.join(low)}." if low else ""
    return f"Synthetic images show another class than asked for more often than real ones do. {numbers}{classes}"
