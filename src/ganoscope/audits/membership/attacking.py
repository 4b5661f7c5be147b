"""All attacks that an audit's evidence allows, each measured against its controls."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.membership.bank_statistics import (
    BankStatistics,
    fits_run,
    load_inside,
    measure_bank,
    measure_density,
)
from ganoscope.audits.membership.real_sets import RealSets
from ganoscope.data.real_images import split_blocks
from ganoscope.evaluate.attacks.attack_results import ALPHA, AttackResult, measure_attack
from ganoscope.evaluate.attacks.group_contrast import Tried, try_images
from ganoscope.evaluate.attacks.likelihood_ratio import Shadows, score_each_model
from ganoscope.evaluate.attacks.nearest_images import Distances, Placed, find_distances, place_images
from ganoscope.evaluate.attacks.split_bias import SplitBias, compare_real_sets
from ganoscope.evaluate.attacks.suspects import Exposed, Suspects
from ganoscope.evaluate.features import extract_features, make_random_extractor
from ganoscope.evaluate.membership import list_attacks
from ganoscope.evaluate.membership.discriminator_score import score_images
from ganoscope.seeds import Stream, stream

BLOCK = 512
MOST_SYNTHETIC = 100_000
"""Synthetic images that attacks look at, at most."""
INVERTED = 256
"""Images of each set that the generator is inverted for, at most."""


@dataclass(frozen=True)
class Attacked:
    """What attacks have found.

    Attributes:
        bias: The two-sample test of members and non-members.
        results: Attacks on the audited images or their generator.
        bank_results: The same statistics with every model of the bank as the target in turn.
        left_out: Attacks that could not be tried, with the reason, by name.
    """

    bias: SplitBias
    results: list[AttackResult]
    bank_results: list[AttackResult]
    left_out: dict[str, str]

    @property
    def shown_bias(self) -> SplitBias | None:
        """The two-sample test where it shows that the sets differ by themselves; else None."""
        return self.bias if self.bias.p < ALPHA else None


@dataclass(frozen=True)
class BankEvidence:
    """What a bank says about the two sets.

    Attributes:
        known: Positions of the images that the bank knows, shape (n,).
        statistics: Their statistics under its models; None where they can't be had.
        reason: Why likelihood ratios say nothing about the audited generator, where they do not.
    """

    known: NDArray[np.int64]
    statistics: BankStatistics | None
    reason: str


def attack(evidence: AuditEvidence, sets: RealSets) -> Attacked:
    """Returns what all attacks find for which there is evidence.

    Args:
        evidence: The audit's evidence.
        sets: Members and non-members.
    """
    placed = place_images(sets.suspects.images)
    bias = compare_real_sets(describe_real(sets.suspects, placed), sets.member, sets.groups, evidence.seed)
    bank = measure_shadows(evidence, sets)
    exposed = expose(evidence, sets, placed, bank)
    results, left_out = [], {}
    for name, module in list_attacks().items():
        left_out[name] = find_reason(module.NEEDS, module.THOROUGH, evidence, exposed, bank.reason)
        if left_out[name]:
            continue
        few = choose_images(sets, module.THOROUGH, evidence.seed)
        chosen = bank.known if is_shadow(module.NEEDS) else few
        part, limited = sets.take(chosen), take_bias(bias, chosen)
        tried = try_images(
            module.score(part.suspects, take_distances(exposed, chosen)), part.member, part.suspects.groups
        )
        results.append(measure_attack(name, module.THREAT, module.COUNTS, tried, limited, evidence.seed))
    reasons = {name: reason for name, reason in left_out.items() if reason}
    return Attacked(bias, results, attack_bank(bank.statistics, sets.take(bank.known), evidence.seed), reasons)


def expose(evidence: AuditEvidence, sets: RealSets, placed: Placed, bank: BankEvidence) -> Exposed:
    """Returns what attackers have.

    Args:
        evidence: The audit's evidence.
        sets: Members and non-members.
        placed: Their images in the spaces in which they are compared.
        bank: What the bank says about them.
    """
    run, groups = evidence.run, sets.groups
    shadows = expose_shadows(evidence, sets.take(bank.known), bank.statistics)
    return Exposed(
        distances=find_distances(placed, groups, load_some(evidence, MOST_SYNTHETIC)),
        generator=run if run and run.latent_dim else None,
        discriminator=run if run and "D" in run.networks else None,
        shadow_density=shadows.get("density"),
        shadow_discriminator=shadows.get("discriminator"),
        seed=evidence.seed,
    )


def take_distances(exposed: Exposed, chosen: NDArray[np.int64]) -> Exposed:
    """Returns the same with the distances of the images at some positions, shape (n,)."""
    assert exposed.distances is not None
    some = Distances(exposed.distances.synthetic[:, chosen], exposed.distances.real[:, chosen])
    return replace(exposed, distances=some)


def is_shadow(needs: frozenset[str]) -> bool:
    """Tells whether an attack needs shadow models."""
    return any(need.startswith("shadow_") for need in needs)


def describe_real(suspects: Suspects, placed: Placed) -> NDArray[np.float64]:
    """Returns fixed features of real images for the two-sample test, shape (N, C)."""
    features = extract_features(make_random_extractor(), split_blocks(suspects.images))
    return np.concatenate([*placed.places, features.values], axis=1)


def load_some(evidence: AuditEvidence, most: int) -> Iterator[NDArray[np.float32]]:
    """Yields blocks, shape (B, 1, H, W), of up to `most` synthetic images, chosen at random where there are more."""
    order = stream(evidence.seed, Stream.SYNTHETIC_IMAGES).permutation(evidence.synthetic.count)
    chosen = np.sort(order[:most]).astype(np.int64)
    for start in range(0, len(chosen), BLOCK):
        yield evidence.synthetic.load(chosen[start : start + BLOCK])


def take_bias(bias: SplitBias, chosen: NDArray[np.int64]) -> SplitBias | None:
    """Returns the two-sample test for the images at some positions, shape (n,); None where it shows nothing."""
    shown = SplitBias(bias.scores[chosen], bias.folds[chosen], bias.auroc, bias.p)
    return shown if bias.p < ALPHA else None


def choose_images(sets: RealSets, thorough: bool, seed: int) -> NDArray[np.int64]:
    """Returns the positions of the images that an attack is tried on, shape (n,).

    Args:
        sets: Members and non-members.
        thorough: Whether the attack takes long, and a few images of each set must do.
        seed: Seed of the choice.
    """
    if not thorough:
        return np.arange(len(sets.member))
    rng = stream(seed, Stream.MEMBERSHIP_IMAGES, 2)
    parts = [rng.permutation(np.flatnonzero(sets.member == side))[:INVERTED] for side in (True, False)]
    return np.sort(np.concatenate(parts))


def find_reason(
    needs: frozenset[str], thorough: bool, evidence: AuditEvidence, exposed: Exposed, bank_reason: str
) -> str:
    """Returns why an attack can't be tried; "" where it can.

    Args:
        needs: What it needs.
        thorough: Whether it is tried at depth full alone.
        evidence: The audit's evidence.
        exposed: What attackers have.
        bank_reason: Why the bank says nothing about the audited generator.
    """
    if thorough and evidence.depth != "full":
        return "not tested at depth quick; depth full does it"
    if exposed.has(needs):
        return ""
    if is_shadow(needs):
        return bank_reason
    if evidence.run is None:
        return "only images were given, no run"
    return f"the run has no {' and no '.join(sorted(needs))}"


def measure_shadows(evidence: AuditEvidence, sets: RealSets) -> BankEvidence:
    """Returns what the bank says about the two sets, where there is one that knows them."""
    bank, every = evidence.bank, np.arange(len(sets.member))
    if bank is None:
        return BankEvidence(every, None, "no bank was given")
    if evidence.members.store.fingerprint != bank.frozen.plan["fingerprint"]:
        return BankEvidence(every, None, "the bank is of another store")
    inside, known = load_inside(bank, sets.sample_ids)
    part = sets.take(known)
    if not len(known) or part.member.all() or not part.member.any():
        return BankEvidence(every, None, "the bank does not know images of both sets")
    reason = "no run was given that likelihood ratios could speak of"
    if evidence.run:
        reason = "the run is not of the method and size of the bank's models"
    return BankEvidence(known, measure_bank(bank, part.suspects.images, inside, evidence.device), reason)


def expose_shadows(evidence: AuditEvidence, known: RealSets, statistics: BankStatistics | None) -> dict[str, Shadows]:
    """Returns the statistics of the audited run beside those of a bank of its kind; none where they do not fit.

    The density is estimated from as many images as each model of the bank has drawn.

    Args:
        evidence: The audit's evidence.
        known: The images that the bank knows.
        statistics: Their statistics under the models of the bank; None without them.
    """
    bank, run, images = evidence.bank, evidence.run, known.suspects.images
    if bank is None or run is None or statistics is None or not fits_run(bank, run):
        return {}
    drawn = load_some(evidence, int(bank.frozen.plan["number"]))
    audited = {"density": measure_density(place_images(images), drawn)}
    if "D" in run.networks:
        audited["discriminator"] = score_images(run, images)
    return {
        name: Shadows(audited[name], values, statistics.inside)
        for name, values in statistics.by_name.items()
        if name in audited
    }


def attack_bank(statistics: BankStatistics | None, known: RealSets, seed: int) -> list[AttackResult]:
    """Returns likelihood-ratio attacks on all models of a bank, each the target in turn.

    Args:
        statistics: Statistics of the images under the models; None without a bank.
        known: The images.
        seed: Seed of all draws.
    """
    if statistics is None:
        return []
    inside, models = statistics.inside, statistics.inside.shape[1]
    groups = np.repeat(known.groups, models)
    strata = np.tile(np.arange(models), len(inside))
    threat = "every model of the bank in turn, the others being trained on other patients"
    return [
        measure_attack(
            f"bank_{name}",
            threat,
            True,
            Tried(score_each_model(values, inside).ravel(), inside.ravel(), groups, strata),
            None,
            seed,
        )
        for name, values in statistics.by_name.items()
    ]
