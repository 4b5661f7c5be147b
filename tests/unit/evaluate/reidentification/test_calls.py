"""Calls: p-values of held-out patients, the rule over images, and the power of planted images."""

import numpy as np
import pytest

from ganoscope.evaluate.reidentification.calls import (
    FEWEST_FITTED,
    LEVEL,
    Scored,
    call,
    make_null,
    measure_power,
)


@pytest.mark.parametrize("patients", [FEWEST_FITTED - 1, FEWEST_FITTED, 300])
def test_p_values_of_exchangeable_images_are_below_a_level_about_as_often(patients):
    """Three images per patient, all alike: only one of them may count."""
    shares = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        values = random.exponential(size=patients).repeat(3)
        p_values = make_null(values, np.arange(patients).repeat(3), seed)(random.exponential(size=200))
        shares.append((p_values <= 0.05).mean())
    assert np.mean(shares) == pytest.approx(0.05, abs=0.015)


def test_a_tail_goes_below_the_smallest_rank():
    values = np.random.default_rng(0).exponential(size=100)
    p_values = make_null(values, np.arange(100), 0)(np.array([0.1, 30.0]))
    assert p_values[0] > 0.5
    assert p_values[1] < 1e-5 < 1 / 101


def draw(count, patients, seed, closeness=0.0):
    """Images at random; those of some closeness are alike to one training patient each."""
    random = np.random.default_rng(seed)
    members, held_out = (random.uniform(0, 0.5, (count, number)) for number in patients)
    p_values = random.random(count)
    if closeness:
        members[np.arange(count), np.arange(count) % patients[0]] = closeness
        p_values = p_values * 1e-6
    return Scored(p_values, members, held_out)


def join(first, second):
    names = ("p_values", "members", "held_out")
    return Scored(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in names))


def test_images_and_patients_are_called_where_a_share_is_alike():
    clean = call(draw(300, (80, 40), 0))
    assert not clean.leaks and not clean.called.any()
    found = call(join(draw(300, (80, 40), 0), draw(20, (80, 40), 1, 0.9)))
    assert found.leaks and found.called[-20:].all() and not found.called[:300].any()
    assert found.too_many_hits


def test_hits_alone_are_a_leak():
    images = draw(300, (80, 40), 0, closeness=0.9)
    found = call(Scored(np.ones(300), images.members, images.held_out))
    assert found.leaks and not found.called.any()


def test_generators_without_a_leak_are_called_in_at_most_the_level():
    called = sum(call(draw(100, (60, 30), seed)).leaks for seed in range(400))
    assert called <= 400 * LEVEL + 2.5 * np.sqrt(400 * LEVEL * (1 - LEVEL))


def test_power_grows_with_what_is_planted():
    images, planted = draw(200, (80, 40), 3), draw(60, (80, 40), 1, 0.9)
    assert not call(images).leaks
    weak = Scored(np.random.default_rng(2).random(60), planted.members - 0.5, planted.held_out)
    assert measure_power(images, planted, 0.05, seed=0).value == 1.0
    power = measure_power(images, weak, 0.05, seed=0)
    assert power.value < 0.3 and power.n == 100
