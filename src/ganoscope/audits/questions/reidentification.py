"""Re-identification: do synthetic images show patients whom their generator has learned from?

Threat model: somebody has other images of a patient, and a network that tells patients apart, and looks for the patient
among the synthetic images. The network is trained on patients that are in neither set. Being like a training patient is
no evidence as such: images of held-out patients are like one, too. What they reach is the null, see
`ganoscope.evaluate.reidentification.identification`.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Answer, Outcome, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.contracts import Measured
from ganoscope.data.real_images import RealImages
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.evaluate.reidentification.calls import LEVEL
from ganoscope.evaluate.reidentification.embedded_sets import embed_altered, embed_images, embed_real, load_shrunk
from ganoscope.evaluate.reidentification.identification import Findings, Powers, identify, measure_powers
from ganoscope.evaluate.reidentification.metric_training import Metric, MetricConfig, refuse_few, train_metric
from ganoscope.evaluate.reidentification.patient_hits import estimate_rate
from ganoscope.evaluate.reidentification.recognition import Recognition, choose_repeated, measure_recognition
from ganoscope.evaluate.reidentification.set_difference import compare_sets
from ganoscope.figures.sheets import make_sheet

QUESTION = "Do synthetic images show identifiable training patients?"
RANK = 30

TRAINING = MetricConfig()
LEAST_AUROC = 0.75
"""AUROC of pairs of images, below which the network can't tell patients apart well enough to find any."""
MOST_TRAINED = 10_000
"""Images to train on, at most but for the last patient's: they are held in memory. Patients with one go first."""
ALTERED_COPIES = 500
"""Altered copies of training images that the power is measured with, at most."""
DIFFERENT = 0.01
"""P-value below which training and held-out patients differ by themselves."""
STATED_SHARE = 0.05
"""Share of planted images that the verdict states the power for, one of `PLANTED_SHARES`."""
WORDS = {"altered copies": "altered copies of training images", "other films": "other films of training patients"}
SHOWN = 12
"""Synthetic images on the sheet, those most distinctly like one training patient."""


def ask(evidence: AuditEvidence) -> Answer:
    """Returns the answer.

    Args:
        evidence: Synthetic images, members, held-out images, and images of other patients to train on.

    Raises:
        UserError: It can't be tested: the depth is quick, there are no held-out or other patients, or too few, they
            overlap, or the network can't tell patients apart.
    """
    held_out, others = require_sets(evidence)
    patients = others.store.column("patient")[others.indices]
    images = load_shrunk(others.store.load_images, others.indices)
    synthetic, seed = evidence.synthetic, evidence.seed
    metric = train_metric(images, patients, seed, evidence.device, TRAINING)
    members, strangers = embed_real(metric, evidence.members), embed_real(metric, held_out)
    judged = metric.embed(images[metric.validation]), patients[metric.validation]
    recognition = measure_recognition(judged, (members, strangers), seed)
    refuse_weak(recognition)
    embeddings = embed_images(metric, synthetic.load, synthetic.count)
    findings = identify(embeddings, synthetic.labels, members, strangers, seed)
    difference = compare_sets(findings.gallery, seed)
    powers: Powers = {}
    if not findings.calls.leaks:
        altered = embed_altered(metric, evidence.members, ALTERED_COPIES, seed)
        powers = measure_powers(findings, altered, members, seed)
    differ = difference <= DIFFERENT
    shown: Outcome = "untested" if differ else "fault"
    return Answer(
        shown if findings.calls.leaks else "clear",
        (write_bias(difference) if differ else "") + write_verdict(findings, powers, synthetic.count, differ),
        list_values(findings, powers, recognition, metric.weights_sha256),
        describe_details(findings, powers, recognition, describe_training(metric, patients))
        | {"p_value_of_set_difference": difference},
        list_columns(findings, recognition, evidence.members),
        {"reidentification.png": draw_worst(evidence, findings)},
        WARNINGS,
    )


WARNINGS = (
    "The network is a small one: an attacker with more images may recognise more.",
    "Patients of other hospitals or devices than those that the network learned from may be recognised less well.",
)


def require_sets(evidence: AuditEvidence) -> tuple[RealImages, RealImages]:
    """Returns (held-out images, images of others to train on).

    Raises:
        UserError: The depth is quick, one is missing, others are in a set under audit, or too few.
    """
    if evidence.depth != "full":
        raise UserError("re-identification is not tested at depth quick: --depth full trains the network it needs.")
    if evidence.held_out is None or not len(evidence.held_out.indices):
        raise UserError("re-identification can't be tested without held-out patients: give a store as --holdout.")
    if evidence.others is None or not len(evidence.others.indices):
        remedy = "give a store of other patients as --reid-store."
        raise UserError(f"re-identification needs patients that are in neither set to train its network on: {remedy}")
    others = evidence.others
    names = others.store.column("sample_id")[others.indices]
    shared = sum(count_shared(names, others, audited) for audited in (evidence.members, evidence.held_out))
    given = f"{write_count(shared, 'image')} of both"
    fault = describe(
        "images to train on are among those under audit", given, "patients of neither set", "Leave it out."
    )
    refuse([fault] if shared else [])
    known = others.store.column("patient")[others.indices] != ""
    others = RealImages(others.store, others.indices[known])
    patients = others.store.column("patient")[others.indices]
    refuse_few(patients)
    if len(patients) > MOST_TRAINED:
        others = RealImages(others.store, others.indices[choose_repeated(patients, evidence.seed, MOST_TRAINED)])
    return evidence.held_out, others


def count_shared(names: NDArray[np.str_], others: RealImages, audited: RealImages) -> int:
    """Returns how many images to train on are among the audited ones, or of the same patients.

    Args:
        names: Id of each image to train on, shape (N,).
        others: Images to train on.
        audited: Images under audit.
    """
    shared = np.isin(names, audited.store.column("sample_id")[audited.indices])
    if others.store.fingerprint == audited.store.fingerprint:
        shared |= np.isin(others.groups, audited.groups)
    return int(shared.sum())


def refuse_weak(recognition: Recognition) -> None:
    """Refuses a network that can't tell patients apart.

    Raises:
        UserError: Its AUROC is too low.
    """
    auroc = recognition.auroc
    if not auroc.value >= LEAST_AUROC:
        given = f"AUROC {auroc.value:.2f} ({auroc.low:.2f} to {auroc.high:.2f})"
        remedy = "Train it on more patients with several images."
        raise UserError(
            describe("the network can't tell patients apart well enough", given, f"{LEAST_AUROC} or more", remedy)
        )


def write_bias(difference: float) -> str:
    """Returns what a difference between the sets means, a sentence."""
    sets = f"Training and held-out patients differ by themselves (p = {difference:.2g}), as those of two sources do"
    return f"{sets}: greater likeness to training patients proves no leak. "


def write_verdict(findings: Findings, powers: Powers, images: int, differ: bool) -> str:
    """Returns what is shown, or what would have been seen.

    Args:
        findings: What was found.
        powers: How often a leak would have been shown; empty where one is.
        images: Number of synthetic images.
        differ: Whether training and held-out patients differ by themselves.
    """
    leak = "Seen" if differ else "Leak shown"
    calls, hits = findings.calls, findings.calls.hits
    rates = f"{hits.member_rate.value:.1%} of {hits.member_patients:,} training patients are hit by a synthetic image, "
    rates += (
        f"and {hits.held_out_rate.value:.1%} of {hits.held_out_patients:,} held-out patients (p = {hits.p_value:.2g})"
    )
    called, count = int(calls.called.sum()), write_count(images, "synthetic image")
    if called:
        return f"{leak}: {called:,} of {count} pass for an identifiable training patient. {rates}."
    if calls.too_many_hits:
        return f"{leak}: {rates}. Which images show a patient can't be said of any single one."
    none = f"No leak shown: none of {count} shows an identifiable training patient."
    return f"{none} {rates}. {write_power(powers)}"


def write_power(powers: Powers) -> str:
    """Returns what would have been seen, a sentence."""
    seen = [f"{each[STATED_SHARE].value:.0%} of cases if they were {WORDS[name]}" for name, each in powers.items()]
    return f"With {STATED_SHARE:.0%} more images, a leak would have been shown in {', in '.join(seen)}."


def list_values(findings: Findings, powers: Powers, recognition: Recognition, weights_sha256: str) -> tuple[Value, ...]:
    """Returns the numbers with intervals, and with what held-out patients reach as their floor.

    Args:
        findings: What was found.
        powers: How often a leak would have been shown.
        recognition: How well the network recognises patients.
        weights_sha256: SHA-256 of its weights.
    """
    called = findings.calls.called
    share = estimate_rate(int(called.sum()), len(called))
    hits = findings.calls.hits
    measured = {
        "identified_share": Measured(share, None, "lower"),
        "matched_share": Measured(findings.alike, findings.alike_held_out, "like real"),
        "patient_hit_rate": Measured(hits.member_rate, hits.held_out_rate, "like real"),
        "recognition_auroc": Measured(recognition.auroc, None, "higher"),
    }
    for name, power in powers.items():
        measured[f"power_{name.replace(' ', '_')}"] = Measured(power[STATED_SHARE], None, "higher")
    network = "patient metric network"
    return tuple(Value(name, each, "all", network, weights_sha256) for name, each in measured.items())


def describe_details(
    findings: Findings, powers: Powers, recognition: Recognition, training: dict[str, Any]
) -> dict[str, Any]:
    """Returns further figures, ready for JSON.

    Args:
        findings: What was found.
        powers: How often a leak would have been shown.
        recognition: How well the network recognises patients.
        training: What it has learned from.
    """
    return {
        "hits": asdict(findings.calls.hits),
        "level": LEVEL,
        "power": {
            name: {f"{share:g}": asdict(shown) for share, shown in each.items()} for name, each in powers.items()
        },
        "training": training,
        "recognition": {"patients": recognition.patients, **asdict(recognition.calibration)},
    }


def describe_training(metric: Metric, patients: NDArray[np.str_]) -> dict[str, Any]:
    """Returns what the network has learned from, ready for JSON; the patient of each image has shape (N,)."""
    return {
        "patients": len(np.unique(patients)),
        "images": len(patients),
        "validation_images": len(metric.validation),
        "steps": metric.steps,
        "validation_auroc": metric.validation_auroc,
    }


def list_columns(findings: Findings, recognition: Recognition, members: RealImages) -> dict[str, list[Any]]:
    """Returns the columns of `images.csv`.

    Args:
        findings: What was found.
        recognition: How well the network recognises patients.
        members: Training images.
    """
    nearest = findings.nearest
    names = members.store.column("sample_id")[members.indices]
    return {
        "nearest_patient_sample_id": names[nearest.position].tolist(),
        "same_patient_likeness": nearest.likeness.round(6).tolist(),
        "same_patient_probability": recognition.calibration.compute_probability(nearest.likeness).round(6).tolist(),
        "same_patient_distinctness": nearest.distinctness.round(6).tolist(),
        "reidentification_p_value": findings.scored.p_values.tolist(),
        "reidentified": ["yes" if one else "no" for one in findings.calls.called.tolist()],
    }


def draw_worst(evidence: AuditEvidence, findings: Findings) -> NDArray[np.uint8]:
    """Returns a sheet: synthetic images most distinctly like one patient, and below each its nearest training image.

    The sheet has shape (H, W).
    """
    nearest = findings.nearest
    worst = np.argsort(-nearest.distinctness, kind="stable")[:SHOWN]
    order = np.sort(worst)
    synthetic = evidence.synthetic.load(order)[np.searchsorted(order, worst)]
    members = evidence.members
    real = members.store.load_images(members.indices[nearest.position[worst]])
    pictures = np.concatenate([synthetic, real])[:, 0]
    captions = ("synthetic", "nearest\ntraining image")
    return make_sheet(((pictures + 1) * 127.5).round().astype(np.uint8), len(worst), captions)
