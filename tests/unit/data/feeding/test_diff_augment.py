"""The discriminator's augmentation: what it must never do, gradients of first and second order, no leaks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.feeding import augment
from ganoscope.data.feeding.augment import Policy, make_matrices
from ganoscope.data.feeding.diff_augment import (
    CT,
    FACTORS,
    MR,
    OPERATIONS,
    POLICIES,
    RADIOGRAPH,
    UNKNOWN,
    DiscriminatorPolicy,
    choose_policy,
    diff_augment,
    make_grid,
    make_squares,
    move,
)
from ganoscope.errors import UserError
from ganoscope.training.discriminator_augmentation import MAX_PROBABILITY

ALL = [*POLICIES.values(), UNKNOWN]
STILL = Policy()
seeds = st.integers(0, 10_000)
certain = torch.tensor(1.0)


def draw(count, seed=0):
    return torch.rand(count, FACTORS, generator=torch.Generator().manual_seed(seed))


def make_images(count=8, size=24, seed=0, dtype=torch.float32):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 1.8 - 0.9


@pytest.mark.parametrize("policy", ALL)
def test_probability_zero_is_the_identity(policy):
    images = make_images()
    torch.testing.assert_close(diff_augment(images, policy, torch.tensor(0.0), draw(8)), images, atol=5e-6, rtol=0)


def test_no_policy_returns_the_very_numbers():
    images = make_images()
    assert torch.equal(diff_augment(images, DiscriminatorPolicy(STILL), certain, draw(8)), images)


def test_each_operation_happens_as_often_as_the_probability_says_and_alone():
    image = make_images(1).expand(2000, -1, -1, -1)
    single = [
        DiscriminatorPolicy(Policy(rotation_degrees=20)),
        DiscriminatorPolicy(Policy(scale=1.5)),
        DiscriminatorPolicy(Policy(shift_share=0.2)),
        DiscriminatorPolicy(STILL, brightness=0.5),
        DiscriminatorPolicy(STILL, contrast=1.5),
        DiscriminatorPolicy(STILL, square_share=0.5),
    ]
    assert len(single) == OPERATIONS
    changed = [
        (diff_augment(image, policy, torch.tensor(0.3), draw(2000)) - image).abs().amax((1, 2, 3)) > 1e-4
        for policy in single
    ]
    for one in changed:
        assert 0.25 < float(one.float().mean()) < 0.35
    together = torch.stack(changed).float().corrcoef() - torch.eye(OPERATIONS)
    assert float(together.abs().max()) < 0.1


def test_the_result_is_a_naive_restatement():
    images, numbers = make_images(16), draw(16, seed=2)
    images[:4] = 0.25
    found = diff_augment(images, MR, torch.tensor(0.6), numbers)
    for image, row, result in zip(images, numbers, found, strict=True):
        happens, far = (row[:6] < 0.6).float(), row[6:] * 2 - 1
        turns = torch.stack([far[0] * happens[0], far[1] * happens[1], *(far[2:4] * happens[2]), far[4] * 0])
        expected = augment.move(image[None], make_matrices(MR.geometry, turns[None]))[0]
        mean = expected.mean()
        expected = (expected - mean) * MR.contrast ** float(far[6] * happens[4]) + mean
        expected = expected + MR.brightness * float(far[5] * happens[3])
        for y in range(24):
            for x in range(24):
                centre = ((x + 0.5) / 12 - 1, (y + 0.5) / 12 - 1)
                if happens[5] and max(abs(centre[0] - far[7]), abs(centre[1] - far[8])) <= MR.square_share:
                    expected[:, y, x] = 0.0
        torch.testing.assert_close(result, expected, atol=1e-5, rtol=0)


@given(st.integers(-1000, 3000), seeds)
@settings(deadline=None, max_examples=25)
def test_hounsfield_units_are_moved_and_never_rescaled(value_hu, seed):
    value = (value_hu + 1024) / 4095 * 2 - 1
    images = torch.full((8, 1, 32, 32), value)
    policies = [choose_policy(modality, "HU") for modality in ("CT", "", "mixed", "MR", "DX")]
    for policy in policies:
        found = diff_augment(images, policy, certain, draw(8, seed))
        inner = found[:, :, 12:20, 12:20]
        kept = (inner - value).abs() < 1e-5
        assert bool((kept | (inner == 0)).all())  # 0 is the hidden square's
        assert bool(kept.any())


def test_a_policy_for_hu_never_recolours():
    assert not any(choose_policy(modality, "HU").recolours for modality in ("CT", "MR", "DX", "", "mixed"))
    assert not CT.recolours
    assert choose_policy("DX", "grey 8 bit") is RADIOGRAPH


@pytest.mark.parametrize("policy", ALL)
@given(seed=seeds)
@settings(deadline=None, max_examples=15)
def test_a_heart_stays_on_its_side(policy, seed):
    chest = torch.full((16, 1, 48, 48), -1.0)
    chest[..., 20:34, 34:44] = 0.9  # one bright organ, wholly right of the middle
    moved = diff_augment(chest, DiscriminatorPolicy(policy.geometry), certain, draw(16, seed)) + 1.0
    x = (torch.arange(48) + 0.5) / 48 - 0.5
    weight = moved.sum((1, 2))
    assert bool(((weight * x).sum(1) / weight.sum(1) > 0.0).all())


def test_a_policy_that_mirrors_is_refused():
    with pytest.raises(UserError, match="mirror"):
        DiscriminatorPolicy(Policy(mirror=True))


def test_all_faults_of_a_policy_are_told_at_once():
    with pytest.raises(UserError) as caught:
        DiscriminatorPolicy(Policy(mirror=True), brightness=-1, contrast=0.5, square_share=1)
    assert len(str(caught.value).splitlines()) == 4


def test_gradients_are_those_of_finite_differences():
    images, numbers = make_images(3, 12, dtype=torch.float64).requires_grad_(), draw(3, seed=4)
    direction, weights = torch.randn_like(images), torch.randn_like(images)
    augmented = lambda given: diff_augment(given, MR, certain, numbers).double()  # noqa: E731
    (gradient,) = torch.autograd.grad((augmented(images) * weights).sum(), images)
    ahead, behind = ((augmented(images + sign * 1e-2 * direction) * weights).sum().item() for sign in (1, -1))
    np.testing.assert_allclose((gradient * direction).sum().item(), (ahead - behind) / 2e-2, rtol=1e-3)
    assert bool(gradient.flatten(1).any(1).all())


def test_moving_has_exact_gradients_of_first_and_second_order():
    images = make_images(2, 6, dtype=torch.float64).requires_grad_()
    grid = make_grid(images, make_matrices(MR.geometry, draw(2)[:, :5] * 2 - 1)).double()
    assert torch.autograd.gradcheck(lambda given: move(given, grid), images)
    assert torch.autograd.gradgradcheck(lambda given: move(given, grid) ** 2, images)


def test_moving_is_what_the_augmentation_of_real_images_does():
    images, matrices = make_images(4), make_matrices(MR.geometry, draw(4)[:, :5] * 2 - 1)
    torch.testing.assert_close(move(images, make_grid(images, matrices)), augment.move(images, matrices))


def test_squares_lie_where_they_should():
    squares = make_squares(torch.zeros(2, 1, 8, 8), 0.25, torch.tensor([[0.0, 0.0], [1.0, -1.0]]))
    expected = torch.zeros(2, 8, 8)
    expected[0, 3:5, 3:5] = 1
    expected[1, 0, 7] = 1
    assert torch.equal(squares[:, 0], expected)


@pytest.mark.parametrize(("probability", "leaks"), [(MAX_PROBABILITY, False), (1.0, True)])
def test_shifts_can_be_undone_at_every_frequency_up_to_the_largest_probability(probability, leaks):
    """A distribution can be told from its shifted one where no frequency is wiped out (Karras et al. 2020, app. C)."""
    shifts = torch.linspace(-1, 1, 4001) * 2 * MR.geometry.shift_share
    responses = [
        1 - probability + probability * float(torch.cos(torch.pi * frequency * shifts).mean())
        for frequency in range(32)
    ]
    assert (min(abs(response) for response in responses) < 0.02) == leaks


def test_half_precision_images_keep_their_type():
    assert diff_augment(make_images().bfloat16(), MR, certain, draw(8)).dtype == torch.bfloat16
