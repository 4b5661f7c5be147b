import pytest
import torch
from torch import nn

from ganoscope.nets.evaluation_mode import evaluating, find_device


def make_network():
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5), nn.Linear(2, 2)).train()
    network[1].eval()
    return network


@pytest.mark.parametrize("fails", [False, True])
def test_every_module_gets_its_own_mode_back(fails):
    network = make_network()
    with pytest.raises(RuntimeError) if fails else torch.no_grad(), evaluating(network):
        assert not any(module.training for module in network.modules())
        if fails:
            raise RuntimeError
    assert [module.training for module in network.modules()] == [True, True, False, True]


def test_running_statistics_stay_as_they_are():
    network = make_network()
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with evaluating(network):
        network(torch.randn(8, 2) + 5)
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())


def test_the_device_is_that_of_the_parameters():
    assert find_device(nn.Linear(1, 1, device="meta")).type == "meta"
    assert find_device(nn.Identity()).type == "cpu"
