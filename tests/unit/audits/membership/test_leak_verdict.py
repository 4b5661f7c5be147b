"""The verdict in words: what it says of leaks, of none, of split bias and of banks."""

import numpy as np
import pytest

from ganoscope.audits.membership.attacking import Attacked
from ganoscope.audits.membership.leak_verdict import conclude, write_bank, write_bias
from ganoscope.evaluate.attacks import attack_controls
from ganoscope.evaluate.attacks.attack_results import measure_attack
from ganoscope.evaluate.attacks.group_contrast import try_images
from ganoscope.evaluate.attacks.split_bias import SplitBias

MEMBER = np.arange(400) < 200
FAIR = SplitBias(np.zeros(400), np.arange(400) % 5, 0.5, 0.4)


@pytest.fixture(autouse=True)
def few_splits(monkeypatch):
    monkeypatch.setattr(attack_controls, "SPLITS", 400)


def measure(shift=0.0, outright=0, name="one", counts=True):
    scores = np.random.default_rng(0).normal(size=400) + shift * MEMBER
    scores[:outright] += 10
    return measure_attack(name, "the attacker has words", counts, try_images(scores, MEMBER, np.arange(400)), None, 0)


def test_a_leak_names_the_attack_its_numbers_and_its_threat():
    shown, verdict = conclude(Attacked(FAIR, [measure(1.0, name="weak"), measure(2.0, name="strong")], [], {}))
    assert shown
    assert verdict.startswith("Leak shown: strong tells members from held-out patients with AUC 0.9")
    assert "beyond random splits of members and of held-out patients (p = 0.010, 400 splits each, Holm" in verdict
    assert verdict.endswith("Threat: the attacker has words. Members are also told by weak.")


def test_a_few_members_that_stand_out_are_a_leak_although_the_auc_is_near_chance():
    shown, verdict = conclude(Attacked(FAIR, [measure(outright=12)], [], {}))
    assert shown
    assert "6% of the members score above every held-out image" in verdict


def test_no_leak_says_what_would_have_been_seen():
    shown, verdict = conclude(Attacked(FAIR, [measure(), measure(3.0, name="distance", counts=False)], [], {}))
    assert not shown
    assert verdict.startswith("No leak shown; a leak of at least AUC 0.5")
    assert "would have been seen (power 80%). The strongest attack, one, has AUC 0." in verdict
    assert "distance" not in verdict


def test_split_bias_is_named_and_only_then():
    biased = SplitBias(FAIR.scores, FAIR.folds, 0.71, 0.002)
    assert write_bias(Attacked(FAIR, [], [], {})) == ""
    assert "split bias (AUC 0.71 without any generator, p = 0.002)" in write_bias(Attacked(biased, [], [], {}))
    _, verdict = conclude(Attacked(biased, [measure()], [], {}))
    assert "outright" not in verdict
    assert verdict.endswith("only what goes beyond that counts as a leak.")


def test_a_bank_has_a_sentence_of_its_own():
    assert write_bank([]) == ""
    assert "Models of the bank leak: bank density has AUC 0.9" in write_bank([measure(2.0, name="bank_density")])
    assert "Models of the bank show no leak: bank density" in write_bank([measure(name="bank_density")])
