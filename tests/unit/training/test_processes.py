from contextlib import nullcontext
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from ganoscope.contracts import Phase, Terms
from ganoscope.errors import UserError
from ganoscope.training.processes import PhaseLoss, choose_device, choose_precision, join_processes, make_autocast


@dataclass(frozen=True)
class Fit(Terms):
    square: torch.Tensor


def make_phase(network):
    return Phase("fit", ("G",), lambda x: Fit(network(x).square().mean()), torch.optim.SGD(network.parameters(), 0.1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_refused_and_not_needed():
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(UserError, match="no CUDA device"):
        choose_device("cuda")


@pytest.mark.parametrize("native", [True, False])
def test_auto_is_bf16_only_where_the_processor_supports_it(monkeypatch, native):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert choose_precision("auto", "cpu") == ("bf16" if native else "fp32")
    assert (choose_precision("fp32", "cpu"), choose_precision("bf16", "cpu")) == ("fp32", "bf16")


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_losses_are_computed_in_the_asked_precision(precision, dtype):
    with make_autocast("cpu", precision)():
        assert nn.Linear(2, 2)(torch.zeros(1, 2)).dtype == dtype


def test_one_process_is_its_own_leader(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with join_processes("cpu") as place:
        assert (place.device.type, place.rank, place.world, place.leads) == ("cpu", 0, 1, True)


def test_a_phase_as_a_module_has_the_parameters_that_it_trains():
    network, other = nn.Linear(1, 1), nn.Linear(1, 1)
    phase = make_phase(network)
    loss = PhaseLoss(phase, {"G": network, "D": other})
    assert list(loss.parameters()) == list(network.parameters())
    x = torch.ones(3, 1)
    assert torch.equal(loss(x).square, phase.loss(x).square)


def test_a_single_process_synchronises_nothing():
    assert make_phase(nn.Linear(1, 1)).no_sync is nullcontext
