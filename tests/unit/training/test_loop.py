from contextlib import nullcontext
from dataclasses import dataclass, replace

import pytest
import torch
from tests.conftest import TINY
from torch import nn

from ganoscope.contracts import Batch, Phase, Terms
from ganoscope.training.config import TrainConfig
from ganoscope.training.loop import split, train_step
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.workflows.train import train


@dataclass(frozen=True)
class SquareTerms(Terms):
    square: torch.Tensor


class Mean:
    """Fits a constant to its images: no noise, so that parts of a batch and the whole must agree."""

    def __init__(self):
        self.G = nn.Linear(1, 1, bias=False).double()
        nn.init.constant_(self.G.weight, 3.0)
        self.networks = {"G": self.G}
        self.forwards = 0
        self.phases = (Phase("fit", ("G",), self.loss, torch.optim.SGD(self.G.parameters(), 0.1)),)

    def forward(self, batch):
        self.forwards += 1
        return batch.real.flatten(1).mean(1, keepdim=True), batch.label

    def loss(self, shared):
        image, label = shared
        return SquareTerms(square=((self.G(image)[:, 0] - label) ** 2).mean())


def make_batch(count=8):
    generator = torch.Generator().manual_seed(0)
    real = torch.rand(count, 1, 4, 4, generator=generator, dtype=torch.float64)
    return Batch(real, torch.randint(3, (count,), generator=generator))


@pytest.mark.parametrize("accumulate", [2, 4, 8])
def test_accumulated_gradients_equal_those_of_the_whole_batch(accumulate):
    whole, parts = Mean(), Mean()
    for step in range(3):
        expected = train_step(whole, make_batch(), step, nullcontext)
        found = train_step(parts, make_batch(), step, nullcontext, accumulate)
    assert parts.G.weight.item() == pytest.approx(whole.G.weight.item(), rel=1e-12)
    assert found["fit"].square.item() == pytest.approx(expected["fit"].square.item(), rel=1e-12)
    assert (whole.forwards, parts.forwards) == (3, 3 * accumulate)


def test_parts_keep_images_and_labels_together():
    batch = make_batch()
    parts = split(batch, 4)
    assert torch.equal(torch.cat([part.real for part in parts]), batch.real)
    assert torch.equal(torch.cat([part.label for part in parts]), batch.label)
    assert split(replace(batch, label=None), 2)[1].label is None
    assert parts[0].weight is None
    weight = torch.arange(8.0)
    weighted = split(replace(batch, weight=weight), 4)
    assert [part.weight.tolist() for part in weighted] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_a_phase_runs_at_every_kth_step():
    method = Mean()
    method.phases = (replace(method.phases[0], every=3),)
    assert ["fit" in train_step(method, make_batch(), step, nullcontext) for step in range(4)] == [1, 0, 0, 1]


def test_a_run_with_accumulation_trains_and_resumes(phantom_store, tmp_path):
    config = TrainConfig(images=96, batch_size=16, tick_images=48, accumulate=2)
    train("dcgan", phantom_store, tmp_path / "run", replace(config, images=48), method_config=TINY)
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=TINY)
    assert list_checkpoints(tmp_path / "run")[-1].name == "0000000096"
