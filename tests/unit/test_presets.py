"""Presets: the rows of the specification, pinned; each goes through the real command line and builds its networks."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from ganoscope.cli import execute, parse
from ganoscope.contracts import ImageSpec
from ganoscope.errors import UserError
from ganoscope.methods import available, dcgan, load
from ganoscope.presets import PRESETS, configure, find_preset, list_methods
from ganoscope.training.run_folder.record import load_record
from ganoscope.workflows.train import train

ROOT = Path(__file__).parents[2]
CLASSES = ("normal", "pneumonia")
HU_RANGE = (-1024.0, 3071.0)

GENERAL = {"latent_dim": 100, "generator_channels": 64, "discriminator_channels": 64, "beta1": 0.5}
ADAM = {"learning_rate": 2e-4, "beta1": 0.5}
ROWS = {
    "ct_dclgan": (  # A1 to A7
        256,
        {"batch_size": 1, "epochs": 200.0, "schedule": "cosine"},
        {
            "generator": "resnet",
            "patches": 256,
            "temperature": 0.07,
            "nce_weight": 2.0,
            "identity_weight": 1.0,
            "feature_weight": 1.0,
            "penalty_weight": 1.0,
            "spectral_norm": True,
            "instance_norm": True,
            "learning_rate": 1e-4,
            "discriminator_learning_rate": 4e-4,
            "beta1": 0.5,
            "beta2": 0.9,
            "discriminator_beta2": 0.999,
        },
    ),
    "pneumonia_counterfactual": (  # B1, B2
        512,
        {"schedule": "linear"},
        {
            "cycle_weight": 10.0,
            "identity_weight": 1.0,
            "counterfactual_weight": 1.0,
            "discriminator_channels": 64,
            **ADAM,
        },
    ),
    "chest_cam_gan": (  # C1 to C6
        224,
        {},
        {
            "latent_dim": 100,
            "generator_channels": 512,
            "discriminator_channels": 64,
            "upsampling": "upsample",
            "d_cam_weight": 1.0,
            "g_cam_weight": 5.0,
            "beta1": 0.5,
        },
    ),
    "brain_dcgan": (128, {"batch_size": 32, "epochs": 40.0}, {"latent_dim": 100, **ADAM}),  # D1, D2
    "pneumonia_dcgan": (  # E2
        64,
        {"batch_size": 128, "epochs": 50.0},
        {**GENERAL, **ADAM, "label_smoothing": 0.9},
    ),
    "pneumonia_cgan": (
        64,
        {"batch_size": 128, "epochs": 50.0},
        {**GENERAL, **ADAM, "discriminator_learning_rate": 2e-4},
    ),
    "pneumonia_wgan_gp": (
        64,
        {"batch_size": 128, "epochs": 50.0},
        {**GENERAL, **ADAM, "critic_steps": 5, "penalty_weight": 10.0},
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_presets_of_the_five_systems_have_the_settings_of_the_specification(name):
    size_px, train_options, hyper_parameters = ROWS[name]
    preset = PRESETS[name]
    assert preset.size_px == size_px
    assert {key: asdict(preset.train)[key] for key in train_options} == train_options
    assert {key: asdict(preset.method_config)[key] for key in hyper_parameters} == hyper_parameters


def test_the_small_preset_for_counterfactuals_has_the_settings_that_its_evidence_was_measured_with():
    script = (ROOT / "benchmarks" / "counterfactual_evidence.py").read_text(encoding="utf-8")
    found = dict(re.findall(r'"--([a-z-]+)",(?: type=\w+,)? default="?([\w.]+)', script))
    preset = PRESETS["small_counterfactual"]
    given = {**asdict(preset.train), **asdict(preset.method_config)}
    names = ("images", "batch_size", "generator", "generator_channels", "discriminator_channels", "identity_weight")
    assert {name: str(given[name]) for name in names} == {name: found[name.replace("_", "-")] for name in names}
    assert (float(found["weight"]), found["size"]) == (given["counterfactual_weight"], str(preset.size_px))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_through_the_command_line_as_it_is(name):
    command = parse("train", [name, "store", "run"])
    preset = PRESETS[name]
    assert (command.method, command.config, command.hyper_parameters) == (name, preset.train, preset.method_config)
    assert (preset.name, type(preset.method_config)) == (name, load(preset.method).Config)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_builds_its_networks_at_its_size(name):
    preset = PRESETS[name]
    module = load(preset.method)
    spec = ImageSpec(preset.size_px, CLASSES, CLASSES if module.TRAITS.translates else (), HU_RANGE)
    with torch.device("meta"):
        assert module.build(preset.method_config, spec).networks


def test_every_option_of_a_preset_can_be_changed():
    words = ["small_r3gan", "store", "run", "--latent-dim", "8", "--batch-size", "4", "--seed", "3"]
    command = parse("train", words)
    assert (command.hyper_parameters.latent_dim, command.config.batch_size, command.config.seed) == (8, 4, 3)
    assert command.config.images == PRESETS["small_r3gan"].train.images
    by_epochs = parse("train", ["small_r3gan", "store", "run", "--epochs", "2"]).config
    assert (by_epochs.epochs, by_epochs.images) == (2.0, None)


def test_help_lists_presets_and_methods(capsys):
    with pytest.raises(SystemExit):
        execute(["train", "--help"])
    printed = capsys.readouterr().out
    assert all(f"  {name}: " in printed for name in (*PRESETS, *available()))
    text = " ".join(printed.split())  # lines break where the terminal ends
    assert all(f"{name}: {preset.about}" in text for name, preset in PRESETS.items())


def test_no_preset_has_the_name_of_a_method():
    assert not PRESETS.keys() & available().keys()


def test_an_unknown_name_is_answered_with_methods_and_presets():
    with pytest.raises(
        UserError,
        match=r"no such method or preset: got dgcan; allowed: methods .*dcgan.*small_r3gan.*\. Did you mean dcgan",
    ):
        find_preset("dgcan")


def test_a_preset_trains_and_the_record_names_the_method(phantom_store, tmp_path, capsys):
    run = tmp_path / "run"
    words = ["--images", 32, "--batch-size", 16, "--generator-channels", 4, "--discriminator-channels", 4]
    call = [str(word) for word in ("train", "brain_dcgan", phantom_store, run, *words)]
    assert execute(call) == 0
    assert "note: preset brain_dcgan is meant for 128 px" in " ".join(capsys.readouterr().err.split())
    record = load_record(run)
    assert (record.method, record.train.images, record.method_config["generator_channels"]) == ("dcgan", 32, 4)
    assert execute(call) == 0  # the same command resumes


def test_a_preset_that_needs_a_classifier_says_so(phantom_store, tmp_path):
    with pytest.raises(UserError, match="needs a teacher"):
        train("chest_cam_gan", Path(phantom_store), tmp_path / "run")


def test_hyper_parameters_are_found_by_the_name_of_method_or_preset():
    assert configure("dcgan", latent_dim=64) == dcgan.Config(latent_dim=64)
    assert configure("pneumonia_wgan_gp").learning_rate == 2e-4
    assert {"dcgan", "small_r3gan"} <= set(list_methods())


def test_all_unknown_hyper_parameters_are_named():
    with pytest.raises(UserError, match=r"got depth; allowed: latent_dim, (.|\n)*got widht"):
        configure("dcgan", depth=3, widht=64)
