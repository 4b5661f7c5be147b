import torch
from torch import nn

from ganoscope.contracts import Phase
from ganoscope.training.checks.no_gradient import CHECK
from ganoscope.training.observations import Observations

ROWS = [{"images": 16.0 * step, "p.loss": 1.0} for step in range(1, 4)]


def find_alarms(network, rows=ROWS):
    phase = Phase("p", ("N",), lambda _: None, torch.optim.SGD(network.parameters(), 0.1))
    return list(CHECK.find(Observations(rows, {"N": network}, [phase])))


def find_codes(network, rows=ROWS):
    return [alarm.code for alarm in find_alarms(network, rows)]


def test_a_network_part_without_gradient_is_named():
    network = nn.ModuleDict({"used": nn.Linear(2, 1), "unused": nn.Linear(2, 1)})
    network["used"](torch.ones(1, 2)).sum().backward()
    (alarm,) = find_alarms(network)
    assert alarm.code == "no_gradient"
    assert alarm.evidence["parameters"] == ["N.unused.weight", "N.unused.bias"]
    network["unused"](torch.ones(1, 2)).sum().backward()
    assert find_alarms(network) == []


def test_a_phase_that_hardly_ran_since_the_last_checkpoint_is_not_checked():
    network = nn.Linear(2, 1)
    assert find_codes(network, ROWS[:2]) == []
    assert find_codes(network, [{"images": 16.0, "other.loss": 1.0}] * 9) == []
    assert find_codes(network) == ["no_gradient"]


def test_a_gradient_of_zeros_counts_as_none():
    network = nn.Linear(2, 1)
    (network(torch.ones(1, 2)).sum() * 0).backward()
    assert find_codes(network) == ["no_gradient"]


def test_a_single_number_may_have_a_gradient_of_zero_by_chance():
    network = nn.Linear(2, 1)
    scores = network(torch.tensor([[1.0, 2.0], [3.0, 5.0]]))
    (scores[0] - scores[1]).sum().backward()
    assert not network.bias.grad.any()
    assert find_codes(network) == []
