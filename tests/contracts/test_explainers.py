"""What every file in `explain/feature_attribution/` must do; a new file is tested without touching this one."""

import copy
from dataclasses import fields

import numpy as np
import pytest
import torch

from ganoscope.errors import UserError
from ganoscope.explanation.checks.randomisation import check_randomisation
from ganoscope.explanation.feature_attribution import available, load
from ganoscope.explanation.targets import why_generated, why_real
from ganoscope.nets.dcgan import Discriminator

SIZE, COUNT = 32, 5
pytestmark = pytest.mark.parametrize("name", available())


def make_discriminator(seed=0):
    torch.manual_seed(seed)
    network = Discriminator(SIZE, 4).train()
    for _ in range(3):
        network(make_images(16, seed))
    return network


def make_images(count=COUNT, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.avg_pool2d(torch.randn(count, 1, SIZE, SIZE, generator=generator), 5, 1, 2).clamp(-1, 1)


def explain(name, network, images, make_target=why_real, **settings):
    module = load(name)
    return module.explain(network, images, make_target(network), module.Config(**settings))


def has_layer(name):
    return "layer" in {field.name for field in fields(load(name).Config)}


def hooks_of(network):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in network.modules() for kind in kinds)


def test_config_cites_its_source(name):
    assert "Source:" in load(name).Config.__doc__


@pytest.mark.parametrize("make_target", [why_real, why_generated])
def test_maps_have_the_images_geometry_and_are_finite_and_not_negative(name, make_target):
    explanation = explain(name, make_discriminator(), make_images(), make_target)
    assert explanation.maps.shape == (COUNT, SIZE, SIZE)
    assert explanation.maps.dtype == torch.float32
    assert torch.isfinite(explanation.maps).all()
    assert (explanation.maps >= 0).all()
    assert (explanation.method, explanation.target) == (name, make_target.__name__)
    assert explanation.layer


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_network_is_left_exactly_as_found(name, frozen, training):
    network = make_discriminator().train(training).requires_grad_(not frozen)
    network.levels[1].train(not training)
    network(make_images(4)).logits.sum().backward() if not frozen else None
    state = copy.deepcopy(network.state_dict())
    modes = [module.training for module in network.modules()]
    grads = [None if p.grad is None else p.grad.clone() for p in network.parameters()]
    images = make_images()
    before = images.clone()
    explain(name, network, images)
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert all(p.requires_grad is not frozen for p in network.parameters())
    for parameter, grad in zip(network.parameters(), grads, strict=True):
        assert (parameter.grad is None) if grad is None else torch.equal(parameter.grad, grad)
    assert hooks_of(network) == 0
    assert torch.equal(images, before)
    assert not images.requires_grad


def test_network_is_left_as_found_after_a_fault(name):
    network = make_discriminator()
    if not has_layer(name):
        pytest.skip("it looks at no layer")
    with pytest.raises(UserError, match=r"allowed.*levels\.1"):
        explain(name, network, make_images(), layer="levels.77")
    assert all(module.training for module in network.modules())
    assert hooks_of(network) == 0


def test_mode_and_freezing_do_not_change_the_maps(name):
    maps = []
    for frozen in (True, False):
        for training in (True, False):
            network = make_discriminator().train(training).requires_grad_(not frozen)
            maps.append(explain(name, network, make_images()).maps)
    assert all(torch.equal(first, maps[0]) for first in maps)


def test_works_where_gradients_are_switched_off(name):
    network, images = make_discriminator(), make_images()
    with torch.no_grad():
        off = explain(name, network, images).maps
    assert torch.equal(off, explain(name, network, images).maps)


def test_same_input_same_numbers_in_any_batch(name):
    network, images = make_discriminator(), make_images(40)
    together = explain(name, network, images).maps
    assert torch.equal(together, explain(name, network, images).maps)
    alone = torch.cat([explain(name, network, image[None]).maps for image in images[30:]])
    assert torch.allclose(together[30:], alone, rtol=1e-3, atol=1e-6)


def test_maps_react_to_randomised_weights(name):
    network, images = make_discriminator(), make_images(12)

    def again(copy, target):
        module = load(name)
        return module.explain(copy, images, target, module.Config())

    state = copy.deepcopy(network.state_dict())
    results = [check_randomisation(network, images, target, again, seed=3) for target in (why_real, why_generated)]
    assert all(result.stages == ("head", "levels.2.0", "levels.1.0", "levels.0.0") for result in results)
    finals = [result.final for result in results if np.isfinite(result.final)]
    assert finals
    assert max(finals) < 0.5
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items())


def test_a_network_that_returns_a_column_works_too(name):
    network = make_discriminator()
    column = torch.nn.Sequential(*[copy.deepcopy(level) for level in network.levels], network.head, torch.nn.Flatten())
    images = make_images()
    first, second = ({"layer": "1"}, {"layer": "levels.1"}) if has_layer(name) else ({}, {})
    maps = explain(name, column, images, **first).maps
    assert torch.allclose(maps, explain(name, network, images, **second).maps, atol=1e-7)
