import csv
import shutil
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import TINY

from ganoscope.contracts import ImageSpec
from ganoscope.errors import UserError
from ganoscope.files import compute_sha256
from ganoscope.methods.dcgan import build
from ganoscope.training.config import TrainConfig
from ganoscope.training.rates import find_rate_factor, note_initial_rates, set_rates
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.workflows.train import train

CONFIG = TrainConfig(images=320, batch_size=16, tick_images=80)


@given(st.integers(0, 1000), st.sampled_from(["linear", "cosine"]))
def test_a_schedule_falls_from_one_to_zero_and_never_rises(seen, schedule):
    config = TrainConfig(images=1000, schedule=schedule)
    now, later = find_rate_factor(config, seen), find_rate_factor(config, seen + 1)
    assert 0 <= later <= now <= 1
    assert find_rate_factor(config, 0) == 1
    assert find_rate_factor(config, 1000) == pytest.approx(0, abs=1e-12)


def test_the_linear_schedule_is_constant_for_the_first_half():
    config = TrainConfig(images=1000, schedule="linear")
    assert [find_rate_factor(config, seen) for seen in (0, 499, 500, 750)] == [1, 1, 1, 0.5]


def test_a_warm_up_rises_to_the_full_rate_and_begins_above_zero():
    config = TrainConfig(images=1000, batch_size=10, warmup_images=100)
    factors = [find_rate_factor(config, seen) for seen in range(0, 200, 10)]
    assert factors[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert set(factors[10:]) == {1.0}


def test_both_networks_keep_their_own_rate_relative_to_each_other():
    method = build(TINY, ImageSpec(32))
    method.phases[0].optimizer.param_groups[0]["lr"] = 4e-4
    note_initial_rates(method.phases)
    for factor in (0.5, 0.25):
        set_rates(method.phases, factor)
        rates = [phase.optimizer.param_groups[0]["lr"] for phase in method.phases]
        assert rates == pytest.approx([4e-4 * factor, 2e-4 * factor])


@pytest.mark.parametrize("change", [{"schedule": "cosine"}, {"warmup_images": 240}])
def test_a_run_with_changing_rates_resumes_bit_for_bit(phantom_store, tmp_path, tiny_run, change):
    config = replace(CONFIG, **change)
    train("dcgan", phantom_store, tmp_path / "whole", config, method_config=TINY)
    shutil.copytree(tmp_path / "whole", tmp_path / "resumed")
    shutil.rmtree(list_checkpoints(tmp_path / "resumed")[-1])
    train("dcgan", phantom_store, tmp_path / "resumed", config, method_config=TINY)
    newest = [list_checkpoints(run)[-1] for run in (tmp_path / "whole", tmp_path / "resumed", tiny_run)]
    whole, resumed, constant = (compute_sha256(folder / "networks.safetensors") for folder in newest)
    assert whole == resumed != constant


def test_a_run_whose_rates_were_planned_to_its_end_can_not_get_longer(phantom_store, tmp_path):
    config = replace(CONFIG, images=32, schedule="linear")
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=TINY)
    with pytest.raises(UserError, match=r"linear schedule can't get longer: got 64 images .*; allowed: 32"):
        train("dcgan", phantom_store, tmp_path / "run", replace(config, images=64), method_config=TINY)


def test_a_rate_of_zero_at_the_end_moves_nothing():
    method = build(TINY, ImageSpec(32))
    note_initial_rates(method.phases)
    set_rates(method.phases, 0.0)
    before = [parameter.clone() for parameter in method.G.parameters()]
    for parameter in method.G.parameters():
        parameter.grad = torch.ones_like(parameter)
    method.phases[1].optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, method.G.parameters(), strict=True))


def test_the_history_of_a_short_schedule_has_every_step(phantom_store, tmp_path):
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, images=64, schedule="cosine"), method_config=TINY)
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        assert [int(row["images"]) for row in csv.DictReader(file)] == [16, 32, 48, 64]
