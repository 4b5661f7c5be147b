"""Maps and their checks on small networks whose right answer is known."""

import numpy as np
import pytest
import torch
from torch import nn

from ganoscope.errors import UserError
from ganoscope.explanation.checks.deletion import compute_curves, rank_pixels, summarise
from ganoscope.explanation.checks.randomisation import FULL_DRAWS, cascade, check_randomisation, displace
from ganoscope.explanation.feature_attribution import available, grad_cam, load
from ganoscope.explanation.layers import choose_layer, list_map_sides
from ganoscope.explanation.regions import (
    REGIONS,
    Attention,
    compare,
    compute_shares,
    find_anatomy,
    measure_attention,
    split_regions,
)
from ganoscope.explanation.regions import summarise as summarise_regions
from ganoscope.explanation.targets import read_logits, why_generated, why_real
from ganoscope.nets.cgan import ProjectionDiscriminator
from ganoscope.statistics.bootstrap import estimate_difference, estimate_mean

SIZE = 32


class Cue(nn.Module):
    """The logit is the mean brightness above 0.5, over two equal channels at half the resolution."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 2, 2), nn.ReLU(inplace=True))
        self.head = nn.Linear(2, 1)
        nn.init.constant_(self.body[0].weight, 0.25)
        nn.init.constant_(self.body[0].bias, -0.5)
        nn.init.constant_(self.head.weight, 1.0)
        nn.init.zeros_(self.head.bias)

    def forward(self, images):
        return self.head(self.body(images).mean((2, 3)))


def make_cue_images(count=6):
    random = np.random.default_rng(0)
    images = random.uniform(-1, 0.4, (count, 1, SIZE, SIZE)).astype(np.float32)
    masks = np.zeros((count, SIZE, SIZE), bool)
    for image, mask in zip(images, masks, strict=True):
        top, left = random.integers(2, SIZE - 10, 2)
        mask[top : top + 8, left : left + 8] = True
        image[0][mask] = 1.0
    return torch.from_numpy(images), masks


@pytest.mark.parametrize("name", available())
def test_map_lies_on_the_planted_cue(name):
    network, (images, masks) = Cue(), make_cue_images()
    module = load(name)
    maps = module.explain(network, images, why_real(network), module.Config("body")).maps.numpy()
    share = (maps * masks).sum((1, 2)) / maps.sum((1, 2))
    assert (share > 0.75).all()
    assert masks.mean() < 0.1


@pytest.mark.parametrize("name", available())
def test_empty_map_stays_empty_and_is_counted(name):
    network, (images, masks) = Cue(), make_cue_images()
    module = load(name)
    maps = module.explain(network, images, why_generated(network), module.Config("body")).maps.numpy()
    assert (maps == 0).all()
    regions = np.stack([split_regions(mask) for mask in masks])
    attention = measure_attention(maps, regions, list("abcdef"))
    assert attention.empty == 6
    assert np.isnan(attention.shares).all()
    assert summarise_regions(attention, 0)["inside"].share.n == 0


def test_cue_pixels_move_the_score_more_than_random_ones():
    network, (images, _) = Cue(), make_cue_images(24)
    target = why_real(network)
    maps = grad_cam.explain(network, images, target, grad_cam.Config("body")).maps.numpy()
    groups = [str(index) for index in range(24)]
    for curves in compute_curves(network, images.numpy(), maps, target, seed=0):
        summary = summarise(curves, groups, 0)
        assert summary.gain.low > 0
        assert summary.better == {"deletion": "lower", "insertion": "higher"}[curves.kind]
        np.testing.assert_allclose(curves.by_map[:, [0, -1]], curves.by_chance[:, [0, -1]], rtol=1e-5)


def test_curves_of_empty_maps_are_left_out():
    network, (images, _) = Cue(), make_cue_images(3)
    maps = np.zeros((3, SIZE, SIZE), np.float32)
    deletion, _ = compute_curves(network, images.numpy(), maps, why_real(network), seed=0)
    assert np.isnan(deletion.by_map).all()
    assert summarise(deletion, list("abc"), 0).gain.n == 0


def test_an_explainer_that_ignores_the_weights_is_found_out():
    network, (images, _) = Cue(), make_cue_images()

    def edges(copy, target):
        return grad_cam.Explanation((images[:, 0] + 1).abs(), "edges", "none", "target")

    assert check_randomisation(network, images, why_real, edges, seed=0).final == pytest.approx(1)


def test_cascade_destroys_from_the_head_down_and_keeps_the_scale():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 1),
    )  # fmt: skip
    before = {name: value.clone() for name, value in network.state_dict().items()}
    names, changed = [], []
    for name, copy in cascade(network, torch.randn(8, 1, SIZE, SIZE), why_real, seed=1):
        names.append(name)
        changed.append([key for key, value in copy.state_dict().items() if not torch.equal(value, before[key])])
    assert names == ["6", "3", "0"]
    assert changed[0] == ["6.weight", "6.bias"]
    assert changed[1] == ["3.weight", "3.bias", *changed[0]]
    assert "1.running_mean" in changed[2]
    scales = [float(value["3.weight"].square().mean().sqrt()) for value in (before, copy.state_dict())]
    assert scales[1] == pytest.approx(scales[0], rel=0.15)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_full_randomisation_is_judged_by_more_networks_than_the_cascade():
    """One random network in a few resembles the trained one by luck."""
    network, (images, _) = Cue(), make_cue_images()
    check = check_randomisation(network, images, why_real, lambda copy, target: grad_cam.explain(
        copy, images, target, grad_cam.Config()), seed=0)  # fmt: skip
    assert check.full.shape == (FULL_DRAWS, len(images))
    assert np.array_equal(check.full[: len(check.correlation)], check.correlation[:, -1])
    assert len(np.unique(check.full[:, 0])) > len(check.correlation)
    assert check.final == pytest.approx(np.abs(check.full).mean())
    assert check.by_stage.shape == check.correlation.shape[1:]


def test_layers_with_spectral_norm_are_destroyed_by_the_seed_and_keep_their_scale():
    torch.manual_seed(0)
    network, images = ProjectionDiscriminator(SIZE, 8, 3).eval(), torch.randn(4, 1, SIZE, SIZE)
    with torch.no_grad():
        network.levels[0][0].bias += 1
    scores = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        *_, (_, copy) = cascade(network, images, why_real, seed=0)
        scores.append(copy(images).logits)
    assert torch.equal(*scores)
    norms = [torch.linalg.matrix_norm(copy.levels[level][0].weight.flatten(1), 2) for level in range(3)]
    assert torch.stack(norms).tolist() == pytest.approx([1.0] * 3, abs=0.1)
    names = [name for name, _ in cascade(network, images, why_real, seed=0)]
    assert names == ["head", "projection", "levels.2.0", "levels.1.0", "levels.0.0"]


def test_weights_of_parametrised_layers_are_no_maps():
    network = ProjectionDiscriminator(SIZE, 8, 3)
    sides = list_map_sides(network, torch.zeros(1, 1, SIZE, SIZE), why_real(network))
    assert not [name for name in sides if "parametrizations" in name]


def test_moved_maps_keep_their_values():
    maps = np.random.default_rng(0).random((4, 9, 7))
    moved = displace(maps, 0)
    np.testing.assert_allclose(np.sort(moved.reshape(4, -1)), np.sort(maps.reshape(4, -1)))
    assert not np.array_equal(moved, maps)


def test_pixels_of_equal_value_follow_in_random_order():
    places = rank_pixels(np.zeros((1, 16, 16)), seed=0)
    assert abs(np.corrcoef(places.ravel(), np.arange(256))[0, 1]) < 0.2


def test_layers_are_listed_and_refused_by_name():
    network = Cue()
    sides = list_map_sides(network, torch.zeros(1, 1, SIZE, SIZE), why_real(network))
    assert sides == {"body.0": 16, "body.1": 16, "body": 16}
    assert choose_layer(sides, SIZE, None) == "body"
    with pytest.raises(UserError, match=r"got head; allowed.*body \(16 px\)"):
        choose_layer(sides, SIZE, "head")
    with pytest.raises(UserError, match="no convolutional maps"):
        choose_layer({}, SIZE, None)


def test_more_than_one_score_per_image_is_refused():
    with pytest.raises(UserError, match="one score per image"):
        read_logits(torch.zeros(4, 3))


def test_interval_covers_the_truth_and_groups_widen_it():
    random = np.random.default_rng(0)
    covered = sum(
        abs(estimate.value - 1) < 10 and estimate.low <= 1 <= estimate.high
        for estimate in (estimate_mean(random.normal(1, 1, 40), seed=trial) for trial in range(100))
    )
    assert covered >= 87
    centres = random.normal(0, 1, 10).repeat(20)
    groups = [str(index // 20) for index in range(200)]
    alone, grouped = estimate_mean(centres), estimate_mean(centres, groups)
    assert grouped.groups == 10
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)


def test_difference_of_sets():
    random = np.random.default_rng(0)
    estimate = estimate_difference(random.normal(3, 1, 50), random.normal(1, 1, 60))
    assert estimate.excludes_zero
    assert estimate.low < 2 < estimate.high
    assert np.isnan(estimate_difference(np.array([np.nan]), np.ones(3)).value)


def test_anatomy_is_the_filled_outline_without_specks():
    yy, xx = np.mgrid[:64, :64]
    radius = np.hypot(yy - 32, xx - 30)
    image = np.where(radius < 20, -0.2, -1.0)
    image[radius < 5] = -1.0
    image[2:4, 2:5] = 1.0
    mask = find_anatomy(image)
    assert mask[32, 30]
    assert not mask[3, 3]
    assert mask.sum() == pytest.approx((radius < 20).sum(), rel=0.03)


@pytest.mark.parametrize("value", [False, True])
def test_a_mask_without_contour_has_no_boundary(value):
    regions = split_regions(np.full((SIZE, SIZE), value))
    assert set(np.unique(regions)) == {0 if value else 2}
    assert compute_shares(np.ones((1, SIZE, SIZE)), regions[None]).sum() == 1


def test_a_constant_image_has_no_anatomy():
    assert find_anatomy(np.full((SIZE, SIZE), -1.0)).sum() in (0, SIZE * SIZE)


def test_regions_are_compared_real_minus_generated():
    shares = np.random.default_rng(0).dirichlet((8, 1, 1), 30)
    real = Attention(shares, np.full((30, 3), 1 / 3), [str(index) for index in range(30)])
    generated = Attention(shares[:, ::-1], real.areas, real.groups)
    difference = compare(real, generated, 0)
    assert list(difference) == list(REGIONS)
    assert difference["inside"].low > 0.5
    assert summarise_regions(real, 0)["inside"].enrichment == pytest.approx(shares[:, 0].mean() * 3)
