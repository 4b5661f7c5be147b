"""What every file in `nets/classifiers/` must do; a new file is tested without touching this one."""

import copy

import pytest
import torch

from ganoscope.nets.classifiers import available, load
from ganoscope.nets.pretrained import freeze_body

CLASSES = 3
pytestmark = pytest.mark.parametrize("name", available())


@pytest.fixture(scope="module")
def kept():
    """The networks by name and channels, in evaluation mode, with running statistics of images. Not to be changed."""
    return {}


@pytest.fixture
def get(kept, name):
    def get(channels=1):
        if (name, channels) not in kept:
            network = make_network(name, channels)
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.momentum = None
            network(make_images(4, 64, channels))
            kept[name, channels] = network.eval()
        return kept[name, channels]

    return get


def make_network(name, channels=1):
    torch.manual_seed(0)
    return load(name).build(CLASSES, channels)


def make_images(count, size, channels=1):
    generator = torch.Generator().manual_seed(size)
    return torch.rand(count, channels, size, size, generator=generator) * 2 - 1


def test_its_file_names_a_source(name):
    assert "Source:" in load(name).__doc__


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 64, 96, 224])
def test_logits_are_the_head_of_the_mean_of_the_features(get, size, channels):
    network = get(channels)
    with torch.no_grad():
        output = network(make_images(2, size, channels))
        expected = network.head(output.features.mean(dim=(2, 3)))
    assert output.logits.shape == (2, CLASSES)
    assert output.features.shape[:2] == (2, network.head.in_features)
    assert min(output.features.shape[2:]) >= 1
    assert torch.allclose(output.logits, expected, rtol=1e-5, atol=1e-6)
    assert (output.logits - network.head.bias).abs().max() > 1e-3


def test_one_image_gives_what_it_gives_in_a_batch(get):
    images = make_images(3, 64)
    with torch.no_grad():
        whole, one = get()(images), get()(images[1:2])
    assert torch.allclose(whole.logits[1:2], one.logits, rtol=1e-4, atol=1e-5)


def test_in_evaluation_mode_the_same_images_give_the_same_logits_and_move_nothing(get):
    before = copy.deepcopy(get().state_dict())
    with torch.no_grad():
        first, second = get()(make_images(2, 64)), get()(make_images(2, 64))
    assert torch.equal(first.logits, second.logits)
    assert all(torch.equal(value, before[key]) for key, value in get().state_dict().items())


def test_every_parameter_gets_a_gradient_and_so_does_the_image(name):
    network, images = make_network(name).train(), make_images(6, 64).requires_grad_()
    network(images).logits.square().sum().backward()
    assert images.grad.abs().sum() > 0
    assert [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_same_seed_gives_the_same_weights_and_another_seed_others(name):
    states = [make_network(name).state_dict(), make_network(name).state_dict()]
    torch.manual_seed(1)
    states.append(load(name).build(CLASSES).state_dict())
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    assert not torch.equal(states[0]["head.weight"], states[2]["head.weight"])


def test_a_frozen_body_stays_still_in_training_while_the_head_learns(name):
    network = make_network(name)
    freeze_body(network)
    before = copy.deepcopy(network.state_dict())
    network.train()
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    network(make_images(4, 32)).logits.square().sum().backward()
    optimizer.step()
    moved = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert moved == {"head.weight", "head.bias"}
