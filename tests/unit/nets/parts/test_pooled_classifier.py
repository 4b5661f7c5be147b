import torch
from torch import nn

from ganoscope.nets.parts.pooled_classifier import PooledClassifier


def make_network(dropout=0.0):
    return PooledClassifier(nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4)), 4, 3, dropout)


def test_logits_are_linear_in_the_mean_of_the_features():
    output = make_network().eval()(torch.rand(2, 1, 32, 32))
    network = make_network()
    assert output.features.shape == (2, 4, 16, 16)
    logits, features = network.eval()(torch.rand(2, 1, 32, 32))
    torch.testing.assert_close(logits, features.mean((2, 3)) @ network.head.weight.T + network.head.bias)


def test_a_frozen_body_stays_in_evaluation_mode():
    network = make_network(0.5)
    assert network.train().body.training
    network.body.requires_grad_(False)
    network.train()
    assert not any(module.training for module in network.body.modules())
    assert network.dropout.training
    before = network.body[1].running_mean.clone()
    network(torch.rand(4, 1, 32, 32))
    assert torch.equal(network.body[1].running_mean, before)


def test_the_input_module_comes_before_the_body():
    network = make_network().eval()
    image = torch.rand(1, 1, 32, 32)
    plain = network(2 * image).logits
    network.input = nn.Upsample(scale_factor=1)
    torch.testing.assert_close(network(2 * image).logits, plain)
    network.input = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(network.input.weight, 2.0)
    torch.testing.assert_close(network(image).logits, plain)
