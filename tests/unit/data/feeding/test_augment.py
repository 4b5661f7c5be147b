"""Augmentation: what must never happen to a modality, a naive restatement, independence of how the stream is cut."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import affine_transform, gaussian_filter

from ganoscope.data.feeding.augment import (
    CT,
    FACTORS,
    MR,
    POLICIES,
    RADIOGRAPH,
    UNKNOWN,
    Policy,
    augment,
    draw_factors,
    policy_of,
)
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError

WILD = Policy(rotation_degrees=180, shift_share=0.5, scale=2, mirror=True, gain=2, gamma=2, bias=2)
ALL = [*POLICIES.values(), UNKNOWN]
seeds = st.integers(0, 10_000)


def draw(count, seed=0):
    return torch.from_numpy(draw_factors(seed, 0, count))


def smooth_images(count=8, height=32, width=32, seed=0):
    noise = np.random.default_rng(seed).standard_normal((count, 1, height, width))
    noise = gaussian_filter(noise, (0, 0, 3, 3))
    return torch.from_numpy(noise / abs(noise).max()).float()


def factors_of(**named):
    """One image's factors; those not named are 0."""
    names = ("turn", "zoom", "right", "down", "side", "exponent", "factor", "bias_x", "bias_y")
    return torch.tensor([[named.get(name, 0.0) for name in names] + [0.0] * (FACTORS - len(names))])


def naive(image, policy, factors):
    """The whole augmentation restated for one image: scipy in float64, pixel coordinates, matrices by inversion."""
    turn, zoom, right, down, side, exponent, factor, bias_x, bias_y = factors[:9].astype(np.float64)
    height, width = image.shape
    angle, size = math.radians(policy.rotation_degrees * turn), policy.scale**zoom
    forward = size * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])  # rows y, x
    if policy.mirror and side < 0:
        forward = forward @ np.diag([1, -1])
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    shift = policy.shift_share * max(height, width) * np.array([down, right])
    backward = np.linalg.inv(forward)
    offset = centre - backward @ (centre + shift)
    moved = affine_transform(image, backward, offset, order=1, mode="grid-constant", cval=-1.0)
    unit = ((moved + 1) / 2) ** (policy.gamma**exponent)
    y, x = np.meshgrid(
        (np.arange(height) + 0.5) / height * 2 - 1, (np.arange(width) + 0.5) / width * 2 - 1, indexing="ij"
    )
    unit *= policy.gain**factor * policy.bias ** (bias_x * x + bias_y * y)
    return (unit * 2 - 1).clip(-1, 1)


@pytest.mark.parametrize("policy", [RADIOGRAPH, CT, MR, UNKNOWN, WILD])
@pytest.mark.parametrize("shape", [(24, 24), (20, 31)])
def test_the_result_is_what_a_naive_restatement_gives(policy, shape):
    images, factors = smooth_images(6, *shape), draw(6, seed=3)
    found = augment(images, policy, factors)[:, 0].numpy()
    for image, row, result in zip(images[:, 0].double().numpy(), factors.numpy(), found, strict=True):
        np.testing.assert_allclose(result, naive(image, policy, row), atol=1e-4)  # gamma starts at 1e-4 of the range


def test_signs_are_what_a_viewer_expects():
    image = torch.full((1, 1, 16, 16), -1.0)
    image[..., 4, 4] = 1.0  # upper left
    place = lambda result: divmod(int(result.flatten().argmax()), 16)  # noqa: E731
    assert place(augment(image, Policy(shift_share=0.25), factors_of(right=1.0))) == (4, 8)
    assert place(augment(image, Policy(shift_share=0.25), factors_of(down=1.0))) == (8, 4)
    assert place(augment(image, Policy(mirror=True), factors_of(side=-1.0))) == (4, 11)
    assert place(augment(image, Policy(rotation_degrees=90), factors_of(turn=1.0))) == (4, 11)  # clockwise
    assert place(augment(image, Policy(scale=2), factors_of(zoom=1.0)))[0] < 2  # larger: away from the centre


@pytest.mark.parametrize("policy", [*ALL, WILD])
def test_zero_factors_return_the_input(policy):
    images = smooth_images()
    torch.testing.assert_close(augment(images, policy, torch.zeros(8, FACTORS)), images, atol=2e-5, rtol=0)


def test_no_policy_returns_the_very_numbers():
    images = smooth_images()
    assert torch.equal(augment(images, Policy(), draw(8)), images)


@pytest.mark.parametrize("modality", ["DX", "CR", "CT", "MR", "", "mixed", "US"])
@given(seed=seeds)
@settings(deadline=None, max_examples=25)
def test_a_heart_stays_on_its_side_under_every_safe_policy(modality, seed):
    chest = torch.full((16, 1, 48, 48), -0.8)
    chest[..., 20:34, 30:38] = 0.9  # one bright organ, wholly right of the middle
    moved = augment(chest, policy_of(modality), draw(16, seed)) + 0.8
    x = (torch.arange(48) + 0.5) / 48 - 0.5
    weight = moved.clamp(min=0.0).sum((1, 2))
    centroid = (weight * x).sum(1) / weight.sum(1)
    assert bool((centroid > 0.05).all())


def test_the_test_above_can_fail():
    chest = torch.full((64, 1, 48, 48), -1.0)
    chest[..., 20:34, 30:38] = 0.9
    mirrored = augment(chest, replace(RADIOGRAPH, mirror=True), draw(64))
    left = mirrored[..., :24].sum((1, 2, 3)) > mirrored[..., 24:].sum((1, 2, 3))
    assert 0.25 < float(left.float().mean()) < 0.75


@given(st.integers(-1000, 3000), seeds)
@settings(deadline=None, max_examples=40)
def test_a_constant_region_of_ct_keeps_its_exact_hu(value_hu, seed):
    intensity = IntensityMap(-1024.0, 3071.0, "HU", "int16")
    pixels = np.full((4, 32, 32), -1024, np.int16)
    pixels[:, 4:28, 4:28] = value_hu
    images = torch.from_numpy(intensity.to_network(pixels))[:, None]
    found = intensity.to_pixels(augment(images, CT, draw(4, seed)).numpy())[:, 0]
    assert (found[:, 10:22, 10:22] == value_hu).all()


@given(seeds)
@settings(deadline=None, max_examples=25)
def test_ct_never_gets_a_value_outside_those_it_had(seed):
    images = smooth_images(4, seed=seed) * 0.5
    moved = augment(images, CT, draw(4, seed))
    assert float(moved.max()) <= float(images.max()) + 1e-6
    assert float(moved.min()) >= -1.0


@pytest.mark.parametrize("policy", [*ALL, WILD])
def test_results_stay_in_range_and_black_stays_black(policy):
    images = smooth_images(32)
    found = augment(images, policy, draw(32))
    assert float(found.min()) >= -1
    assert float(found.max()) <= 1
    black = torch.full((8, 1, 16, 16), -1.0)
    assert torch.equal(augment(black, policy, draw(8)), black)


def test_what_comes_in_from_outside_is_black():
    white = torch.ones(1, 1, 20, 20)
    shifted = augment(white, Policy(shift_share=0.5), factors_of(right=0.5))
    expected = torch.cat([-white[..., :5], white[..., 5:]], -1)
    torch.testing.assert_close(shifted, expected, atol=1e-5, rtol=0)


def test_the_safe_policies_are_what_the_modalities_allow():
    assert not any(policy.mirror for policy in ALL)
    assert not CT.recolours
    assert not UNKNOWN.recolours
    for policy in POLICIES.values():  # the least is inside all others
        assert all(getattr(UNKNOWN, field.name) <= getattr(policy, field.name) for field in fields(Policy))
    assert [policy_of(code) for code in ("DX", "CR", "CT", "MR", "", "mixed", "PT")] == [
        RADIOGRAPH, RADIOGRAPH, CT, MR, UNKNOWN, UNKNOWN, UNKNOWN,
    ]  # fmt: skip


@given(st.integers(0, 10**9), st.integers(1, 12), st.integers(1, 4), seeds)
@settings(deadline=None)
def test_an_image_is_augmented_alike_in_whatever_batch_and_process_it_comes(seen, per_rank, world, seed):
    whole = draw_factors(seed, seen, per_rank * world)
    for offset in range(per_rank * world):
        np.testing.assert_array_equal(draw_factors(seed, seen + offset, 1)[0], whole[offset])
    assert whole.shape == (per_rank * world, FACTORS)
    assert whole.min() >= -1
    assert whole.max() < 1


def test_an_image_does_not_depend_on_its_neighbours_in_the_batch():
    images, factors = smooth_images(8), draw(8)
    whole = augment(images, WILD, factors)
    parts = [augment(images[i : i + 1], WILD, factors[i : i + 1]) for i in range(8)]
    torch.testing.assert_close(torch.cat(parts), whole, atol=1e-6, rtol=0)


def test_gradients_flow_and_are_those_of_finite_differences():
    torch.manual_seed(0)
    images = (smooth_images(2, 8, 8) * 0.7).requires_grad_()
    direction, weights = torch.randn_like(images), torch.randn_like(images)
    policy = replace(MR, mirror=True)
    (gradient,) = torch.autograd.grad((augment(images, policy, draw(2)) * weights).sum(), images)
    step = 1e-2
    ahead, behind = ((augment(images + sign * step * direction, policy, draw(2)) * weights).sum() for sign in (1, -1))
    np.testing.assert_allclose((gradient * direction).sum().item(), (ahead - behind).item() / (2 * step), rtol=0.02)


@pytest.mark.parametrize("policy", [MR, WILD])
def test_gradients_of_black_are_finite(policy):
    black = torch.full((4, 1, 8, 8), -1.0, requires_grad=True)
    augment(black, policy, draw(4)).sum().backward()
    assert bool(black.grad.isfinite().all())
    assert bool(black.grad.any())


def test_autocast_does_not_blur_places():
    images, factors = smooth_images(4, 64, 64), draw(4)
    with torch.autocast("cpu", torch.bfloat16):
        inside = augment(images, MR, factors)
    assert torch.equal(inside, augment(images, MR, factors))


def test_half_precision_images_keep_their_type():
    images = smooth_images(4)
    found = augment(images.bfloat16(), MR, draw(4))
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), augment(images, MR, draw(4)), atol=0.02, rtol=0)


def test_all_faults_of_a_policy_are_told_at_once():
    with pytest.raises(UserError) as caught:
        Policy(rotation_degrees=-1, shift_share=0.6, scale=0.9, gain=3, gamma=math.nan)
    assert len(str(caught.value).splitlines()) == 5


def test_a_policy_says_whether_it_moves_or_recolours():
    moves = [Policy(rotation_degrees=1), Policy(shift_share=0.1), Policy(scale=1.1), Policy(mirror=True)]
    recolours = [Policy(gain=1.1), Policy(gamma=1.1), Policy(bias=1.1)]
    assert all(policy.moves and not policy.recolours for policy in moves)
    assert all(policy.recolours and not policy.moves for policy in recolours)
