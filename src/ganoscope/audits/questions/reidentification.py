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

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.contracts import Measured
from ganoscope.errors import UserError, describe, refuse, write_count
from ganoscope.evaluate.comparison import RealImages
from ganoscope.evaluate.reidentification.embedded_sets import embed_altered, embed_images, embed_real, load_shrunk
from ganoscope.evaluate.reidentification.identification import LEVEL, Findings, identify
from ganoscope.evaluate.reidentification.metric_training import Metric, MetricConfig, refuse_few, train_metric
from ganoscope.evaluate.reidentification.nearest_patient import estimate_rate
from ganoscope.evaluate.reidentification.recognition import Recognition, measure_recognition
from ganoscope.figures.sheets import make_sheet

QUESTION = "Do synthetic images show identifiable training patients?"
RANK = 80

TRAINING = MetricConfig()
LEAST_AUROC = 0.75
"""AUROC of pairs of images, below which the network can't tell patients apart well enough to find any."""
ALTERED_COPIES = 500
"""Altered copies of training images that the power is measured with, at most."""
SHOWN = 12
"""Synthetic images on the sheet, those of smallest p-value."""


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
    altered = embed_altered(metric, evidence.members, ALTERED_COPIES, seed)
    findings = identify(embeddings, synthetic.labels, members, strangers, altered)
    return Answer(
        "fault" if findings.leaks else "clear",
        write_verdict(findings, synthetic.count),
        list_values(findings, recognition, metric),
        describe_details(findings, recognition, metric, patients),
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
    refuse_few(others.store.column("patient")[others.indices])
    return evidence.held_out, others


def count_shared(names: NDArray[np.str_], others: RealImages, audited: RealImages) -> int:
    """Returns how many of others' images, named by `names`, are among the audited ones, or of the same patients."""
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


def write_verdict(findings: Findings, images: int) -> str:
    """Returns what is shown, or what would have been seen."""
    hits, called = findings.hits, int(findings.called.sum())
    rates = f"{hits.member_rate.value:.1%} of {hits.member_patients:,} training patients and "
    rates += f"{hits.held_out_rate.value:.1%} of {hits.held_out_patients:,} held-out patients are hit"
    hit = f"{rates} (p = {hits.p_value:.2g})."
    if findings.leaks:
        shown = f"{called:,} of {write_count(images, 'synthetic image')} show an identifiable training patient"
        return f"Leak shown: {shown}, more alike than chance explains. {hit}"
    none = "No leak shown: no synthetic image shows an identifiable training patient."
    return f"{none} {hit} {write_power(findings, images)}"


def write_power(findings: Findings, images: int) -> str:
    """Returns what would have been seen, a sentence."""
    copies, films = findings.power.altered, findings.power.other_films
    other = f", another film of a training patient in {films.value:.0%}" if films else ""
    seen = f"An altered copy of a training image passes for its patient in {copies.value:.0%} of cases{other}"
    patients = findings.hits.held_out_patients
    if findings.fewest > images:
        return f"{seen}; but {images:,} images are too few beside {patients:,} held-out patients to call any."
    return f"{seen}; {write_count(findings.fewest, 'such image')} among {images:,} would have been called."


def list_values(findings: Findings, recognition: Recognition, metric: Metric) -> tuple[Value, ...]:
    """Returns the numbers with intervals, and with what held-out patients reach as their floor."""
    power, count = findings.power, len(findings.called)
    called = Measured(estimate_rate(int(findings.called.sum()), count), None, "lower")
    measured = {
        "identified_share": called,
        "matched_share": Measured(findings.alike, findings.alike_held_out, "like real"),
        "patient_hit_rate": Measured(findings.hits.member_rate, findings.hits.held_out_rate, "like real"),
        "recognition_auroc": Measured(recognition.auroc, None, "higher"),
        "power_altered_copies": Measured(power.altered, None, "higher"),
    }
    if power.other_films:
        measured["power_other_films"] = Measured(power.other_films, None, "higher")
    return tuple(
        Value(name, each, extractor="patient metric network", weights_sha256=metric.weights_sha256)
        for name, each in measured.items()
    )


def describe_details(
    findings: Findings, recognition: Recognition, metric: Metric, patients: NDArray[np.str_]
) -> dict[str, Any]:
    """Returns further figures, ready for JSON."""
    return {
        "hits": asdict(findings.hits),
        "fewest_images_called": findings.fewest,
        "level": LEVEL,
        "training": {
            "patients": len(np.unique(patients)),
            "images": len(patients),
            "validation_images": len(metric.validation),
            "steps": metric.steps,
            "validation_auroc": metric.validation_auroc,
        },
        "recognition": {"patients": recognition.patients, **asdict(recognition.calibration)},
    }


def list_columns(findings: Findings, recognition: Recognition, members: RealImages) -> dict[str, list[Any]]:
    """Returns the columns of `images.csv`."""
    nearest = findings.evidence.nearest
    names = members.store.column("sample_id")[members.indices]
    return {
        "nearest_patient_sample_id": names[nearest.position].tolist(),
        "same_patient_likeness": nearest.likeness.round(6).tolist(),
        "same_patient_probability": recognition.calibration.compute_probability(nearest.likeness).round(6).tolist(),
        "reidentification_p_value": findings.evidence.p_values.tolist(),
        "reidentified": ["yes" if one else "no" for one in findings.called.tolist()],
    }


def draw_worst(evidence: AuditEvidence, findings: Findings) -> NDArray[np.uint8]:
    """Returns a sheet: the synthetic images of smallest p-value, and below each its nearest training image."""
    found = findings.evidence
    worst = np.lexsort((-found.nearest.likeness, found.p_values))[:SHOWN]
    order = np.sort(worst)
    synthetic = evidence.synthetic.load(order)[np.searchsorted(order, worst)]
    members = evidence.members
    real = members.store.load_images(members.indices[found.nearest.position[worst]])
    pictures = np.concatenate([synthetic, real])[:, 0]
    captions = ("synthetic", "nearest\ntraining image")
    return make_sheet(((pictures + 1) * 127.5).round().astype(np.uint8), len(worst), captions)
