"""Membership: can it be told from the images, or from the generator, whom it has learned from?"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.membership.attacking import Attacked, attack
from ganoscope.audits.membership.leak_verdict import conclude, write_bank
from ganoscope.audits.membership.real_sets import RealSets, gather_sets
from ganoscope.contracts import Measured
from ganoscope.errors import write_count
from ganoscope.evaluate.attacks.attack_controls import Control
from ganoscope.evaluate.attacks.attack_results import AttackResult, adjust_claims
from ganoscope.statistics.estimate import Estimate

QUESTION = "Can it be told whose images the generator has learned from?"
RANK = 20
FEWEST_SYNTHETIC = 50
REVERSED = 4.0
"""Standard errors below an AUC of 0.5 that chance does not give."""


def ask(evidence: AuditEvidence) -> Answer:
    """Returns whether members can be told from held-out patients of the same source.

    Args:
        evidence: The audit's evidence.

    Raises:
        UserError: There are no held-out patients, too few of them, or some are members.
    """
    sets = gather_sets(evidence.members, evidence.held_out, evidence.seed)
    attacked = attack(evidence, sets)
    leaks, verdict = conclude(attacked)
    return Answer(
        outcome="fault" if leaks else "clear",
        verdict=verdict + write_bank(attacked.bank_results),
        values=tuple(list_values(attacked, sets)),
        details=describe_all(attacked, sets),
        warnings=tuple(list_warnings(evidence, attacked, sets)),
    )


def list_values(attacked: Attacked, sets: RealSets) -> Iterator[Value]:
    """Yields the AUC of every attack, its operating points, and the bound of epsilon."""
    bias, images = attacked.bias, len(sets.member)
    patients = len(np.unique(sets.groups))
    yield Value("split_bias_auc", Measured(Estimate(bias.auroc, np.nan, np.nan, images, patients), None, "like real"))
    for result in (*attacked.results, *attacked.bank_results):
        limits = () if result.counts else ("Distance to the closest image alone is no evidence of a leak.",)
        measured = Measured(result.auroc, result.floor, "like real", result.auroc.value, limits)
        yield Value(f"{result.name}_auc", measured)
        if not result.counts:
            continue
        for point in result.points:
            name = f"{result.name}_found_at_{100 * point.nominal:g}_percent"
            yield Value(name.replace(".", "_"), Measured(point.found, point.false, "lower", point.found.value))
        low = result.epsilon[0]
        bound = Estimate(low, low, np.nan, result.auroc.n, result.auroc.groups)
        yield Value(f"{result.name}_epsilon", Measured(bound, None, "lower"))


def describe_all(attacked: Attacked, sets: RealSets) -> dict[str, Any]:
    """Returns everything about the attacks as JSON values."""
    groups, member = sets.groups, sets.member
    return {
        "members": {"images": int(member.sum()), "patients": len(np.unique(groups[member]))},
        "held_out": {"images": int((~member).sum()), "patients": len(np.unique(groups[~member]))},
        "shared_images_left_out": sets.shared,
        "split_bias": {"auc": attacked.bias.auroc, "p": attacked.bias.p, "shown": attacked.shown_bias is not None},
        "attacks": describe_results(attacked.results),
        "bank_attacks": describe_results(attacked.bank_results),
        "not_tried": attacked.left_out,
    }


def describe_results(results: list[AttackResult]) -> dict[str, Any]:
    """Returns attacks by name as JSON values."""
    adjusted = adjust_claims(results) if results else []
    return {one.name: {**describe_result(one), "p_adjusted": p} for one, p in zip(results, adjusted, strict=True)}


def describe_result(result: AttackResult) -> dict[str, Any]:
    """Returns an attack as JSON values."""
    return {
        "threat": result.threat,
        "evidence_alone": result.counts,
        "auc": asdict(result.auroc),
        "p": result.p,
        "controls": {control.name: describe_control(control) for control in result.controls},
        "points": [asdict(point) for point in result.points],
        "epsilon_lower_bound": result.epsilon[0],
        "epsilon_that_could_be_shown": result.epsilon[1],
    }


def describe_control(control: Control) -> Mapping[str, Any]:
    """Returns a control as JSON values: its AUC over random splits, at its own sizes."""
    low, median, border, high = np.quantile(control.auroc, [0.025, 0.5, 0.95, 0.975]).tolist()
    return {
        "splits": len(control.auroc),
        "patients": control.patients,
        "auc": {"2.5%": low, "50%": median, "95%": border, "97.5%": high},
    }


def list_warnings(evidence: AuditEvidence, attacked: Attacked, sets: RealSets) -> Iterator[str]:
    """Yields what limits the answer.

    Args:
        evidence: The audit's evidence.
        attacked: What attacks have found.
        sets: Members and non-members.
    """
    if sets.shared:
        are = write_count(sets.shared, "held-out image was", "held-out images were")
        yield f"{are} left out: equal, or nearly equal, to images of members."
    for result in attacked.results:
        if result.counts and result.z["ranks"] < -REVERSED:
            yield (
                f"By {result.name}, held-out images look more like members than members do: are the two sets swapped, "
                "or has the generator learned from held-out patients? A leak can't be told then."
            )
    if evidence.synthetic.count < FEWEST_SYNTHETIC:
        yield f"{write_count(evidence.synthetic.count, 'synthetic image')} show little of a generator."
    patients = evidence.members.store.column("patient")[evidence.members.indices]
    if len(np.unique(patients)) < 2:
        yield "Patients are unknown: groups of near-duplicates take their place, and nothing is claimed about patients."
    run, bank = evidence.run, evidence.bank
    if run and bank and any(one.name.startswith("shadow_") for one in attacked.results):
        own, their = len(run.record.sample_ids), bank.models[0].images
        if abs(own - their) > their / 4:
            yield f"The run has learned from {own:,} images, models of the bank from {their:,}: ratios may be shifted."
