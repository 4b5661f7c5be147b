import json
import time
from dataclasses import replace
from functools import partial

import pytest
import torch
from tests.conftest import TINY

from ganoscope.contracts import ImageSpec
from ganoscope.errors import UserError
from ganoscope.methods.dcgan import build
from ganoscope.training import preflight
from ganoscope.training import speed as speed_module
from ganoscope.training.config import TrainConfig
from ganoscope.training.preflight import prepare_run
from ganoscope.training.run_folder.record import load_record
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.training.speed import Probe, Speed, choose_speed, choose_without_measuring, place_networks
from ganoscope.workflows.train import train

CPU, SPEC = torch.device("cpu"), ImageSpec(32)
CONFIG = TrainConfig(images=16_000, batch_size=16)
CONTIGUOUS, LAST = Speed("fp32", "contiguous"), Speed("fp32", "channels_last")


@pytest.fixture
def slow_in(monkeypatch):
    """Makes every step in some settings take 20 ms longer, by what `place_networks` was asked for."""

    def slow_down(*slow):
        original = Probe.start

        def start(probe, speed):
            run = original(probe, speed)
            return run if speed not in slow else lambda: (time.sleep(0.02), run() + 0.02)[1]

        monkeypatch.setattr(Probe, "start", start)

    return slow_down


def choose(config):
    return choose_speed(partial(build, TINY, SPEC), SPEC, config, CPU)


@pytest.mark.parametrize(("slow", "expected"), [(CONTIGUOUS, LAST), (LAST, CONTIGUOUS)])
def test_the_faster_memory_format_is_taken(slow_in, slow, expected):
    slow_in(slow)
    assert choose(replace(CONFIG, precision="fp32", compile="no")) == expected


def test_what_is_asked_for_is_not_measured(capsys):
    asked = replace(CONFIG, precision="bf16", memory_format="contiguous", compile="no")
    assert choose(asked) == Speed("bf16", "contiguous")
    assert "nothing, as every option is given" in capsys.readouterr().err


def test_what_was_measured_is_printed(capsys):
    choose(replace(CONFIG, precision="fp32", compile="no"))
    told = " ".join(capsys.readouterr().err.split())
    assert "fp32, contiguous 0." in told and "fp32, channels_last 0." in told and "chosen: fp32" in told


def test_a_setting_that_does_not_work_is_left_out(monkeypatch, capsys):
    def fail(network, *_args, **_options):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch.nn.Module, "compile", fail)
    monkeypatch.setattr(speed_module, "WORTH_SECONDS", 0)
    assert not choose(replace(CONFIG, precision="fp32", memory_format="contiguous")).compile
    assert "not possible here (RuntimeError)" in " ".join(capsys.readouterr().err.split())


def test_short_runs_are_neither_compiled_nor_measured(phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "choose_speed", lambda *_: pytest.fail("measured"))
    record = prepare_run("dcgan", TINY, phantom_store, tmp_path / "run", replace(CONFIG, images=320))
    assert (record.train.memory_format, record.train.compile) == ("channels_last", "no")


def test_a_run_goes_on_with_what_was_chosen_at_its_start(phantom_store, tmp_path, monkeypatch):
    chosen = Speed("fp32", "contiguous")
    monkeypatch.setattr(preflight, "SHORT_IMAGES", 0)
    monkeypatch.setattr(preflight, "choose_speed", lambda *_: chosen)
    config = replace(CONFIG, images=32)
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=TINY)
    monkeypatch.setattr(preflight, "choose_speed", lambda *_: pytest.fail("measured again"))
    train("dcgan", phantom_store, tmp_path / "run", replace(config, images=64), method_config=TINY)
    assert load_record(tmp_path / "run").train.memory_format == "contiguous"
    with pytest.raises(UserError, match="started with memory_format contiguous; got channels_last"):
        train(
            "dcgan", phantom_store, tmp_path / "run", replace(config, memory_format="channels_last"), method_config=TINY
        )


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


def test_an_older_run_without_the_setting_keeps_channels_last():
    assert choose_without_measuring(TrainConfig(precision="fp32"), "cpu") == LAST


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
    with pytest.raises(UserError, match=r"--compile yes: not possible for this method \(RuntimeError: no compiler\)"):
        choose(replace(CONFIG, precision="fp32", compile="yes"))
