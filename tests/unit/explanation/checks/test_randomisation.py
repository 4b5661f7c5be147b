"""Randomisation of weights on small networks whose right answer is known."""

import numpy as np
import pytest
import torch
from tests.fixtures.cue import SIZE, Cue, make_cue_images
from torch import nn

from ganoscope.explanation.checks.randomisation import FULL_DRAWS, cascade, check_randomisation, displace
from ganoscope.explanation.feature_attribution import grad_cam
from ganoscope.explanation.targets import why_real
from ganoscope.nets.cgan import ProjectionDiscriminator


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


def test_moved_maps_keep_their_values():
    maps = np.random.default_rng(0).random((4, 9, 7))
    moved = displace(maps, 0)
    np.testing.assert_allclose(np.sort(moved.reshape(4, -1)), np.sort(maps.reshape(4, -1)))
    assert not np.array_equal(moved, maps)
