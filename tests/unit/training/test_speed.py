import json
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
import torch
from tests.conftest import TINY

from ganoscope.contracts import ImageSpec
from ganoscope.errors import UserError
from ganoscope.methods import load
from ganoscope.methods.dcgan import build
from ganoscope.training import speed as speed_module
from ganoscope.training.config import TrainConfig
from ganoscope.training.preflight import prepare_run
from ganoscope.training.run_folder.record import load_record
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.training.speed import Speed, choose_speed, place_networks, refuse_uncompilable
from ganoscope.workflows.train import train

CPU, SPEC = torch.device("cpu"), ImageSpec(32)
CONFIG = TrainConfig(images=16_000, batch_size=16)
CONTIGUOUS, LAST = Speed("fp32", "contiguous"), Speed("fp32", "channels_last")


@pytest.mark.parametrize("native", [True, False])
def test_the_choice_follows_a_rule_and_what_is_asked_for(native, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert choose_speed(CONFIG, "cpu") == Speed("bf16" if native else "fp32", "channels_last")
    asked = replace(CONFIG, precision="bf16", memory_format="contiguous", compile="yes")
    assert choose_speed(asked, "cpu") == Speed("bf16", "contiguous", compile=True)


def test_nothing_is_tried_before_a_run(phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr(speed_module, "train_step", lambda *_: pytest.fail("tried"))
    record = prepare_run("dcgan", TINY, phantom_store, tmp_path / "run", replace(CONFIG, images=1_000_000))
    assert (record.train.memory_format, record.train.compile) == ("channels_last", "no")


BUSY = """
while True:
    sum(range(100000))
"""


@pytest.mark.slow
def test_a_busy_machine_does_not_change_the_choice(phantom_store, tmp_path):
    alone = prepare_run("dcgan", TINY, phantom_store, tmp_path / "alone", CONFIG).train
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(4)]
    try:
        found = {prepare_run("dcgan", TINY, phantom_store, tmp_path / str(n), CONFIG).train for n in range(20)}
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert found == {alone}


def test_a_run_goes_on_with_what_was_chosen_at_its_start(phantom_store, tmp_path):
    config = replace(CONFIG, images=32, memory_format="contiguous")
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=TINY)
    longer = replace(config, images=64, memory_format="auto")
    train("dcgan", phantom_store, tmp_path / "run", longer, method_config=TINY)
    assert load_record(tmp_path / "run").train.memory_format == "contiguous"
    with pytest.raises(UserError, match="started with memory_format contiguous; got channels_last"):
        train(
            "dcgan", phantom_store, tmp_path / "run", replace(config, memory_format="channels_last"), method_config=TINY
        )


@pytest.mark.parametrize("name", ["r3gan", "wgan_gp"])
def test_a_gradient_penalty_is_not_compiled_and_not_tried(name, phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.nn.Module, "compile", lambda *_, **__: pytest.fail("tried"))
    config = replace(CONFIG, compile="yes")
    with pytest.raises(UserError, match=f"--compile yes does not suit {name}: got yes; allowed: no, auto"):
        prepare_run(name, load(name).Config(), phantom_store, tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_run_json_has_nothing_left_open(tiny_run):
    recorded = json.loads((tiny_run / "run.json").read_text())["train"]
    assert "auto" not in (recorded["precision"], recorded["memory_format"], recorded["compile"])


def test_every_choice_computes_the_same_losses():
    outputs = []
    for speed in (CONTIGUOUS, LAST):
        torch.manual_seed(0)
        method = build(TINY, SPEC)
        place_networks(method.networks.values(), CPU, speed)
        outputs.append(method.G(torch.ones(2, TINY.latent_dim)))
    assert torch.allclose(*outputs, atol=1e-6)


@pytest.mark.slow
def test_a_compiled_run_trains_and_opens(phantom_store, tmp_path):
    config = TrainConfig(images=64, batch_size=16, compile="yes")
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=TINY)
    plain = replace(config, compile="no")
    train("dcgan", phantom_store, tmp_path / "plain", plain, method_config=TINY)
    first, second = (open_run(tmp_path / name).generator for name in ("run", "plain"))
    z = torch.ones(2, TINY.latent_dim)
    assert torch.allclose(first(z), second(z), atol=0.05)


def test_a_method_that_can_not_be_compiled_is_refused_when_asked_to_be(monkeypatch):
    def fail(network, *_args, **_options):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch.nn.Module, "compile", fail)
    refuse_uncompilable(partial(build, TINY, SPEC), SPEC, 16, LAST, "cpu")
    monkeypatch.setattr(speed_module, "place_networks", lambda *_: None)
    monkeypatch.setattr(speed_module, "train_step", fail)
    with pytest.raises(UserError, match=r"--compile yes: not possible for this method \(RuntimeError: no compiler\)"):
        refuse_uncompilable(partial(build, TINY, SPEC), SPEC, 16, replace(LAST, compile=True), "cpu")
