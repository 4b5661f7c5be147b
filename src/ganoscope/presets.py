"""Named, typed run configurations: a preset's name stands where a method's does.

Five groups repeat the systems that ganoscope unites with their published settings; the last one suits small CPUs. Every
option can still be overridden.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from ganoscope.errors import UserError, describe, refuse
from ganoscope.methods import (
    available,
    cam_gan,
    cgan,
    cyclegan,
    cyclegan_counterfactual,
    dcgan,
    dclgan,
    load,
    r3gan,
    wgan_gp,
)
from ganoscope.registry import state_module
from ganoscope.training.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A run configuration.

    Attributes:
        name: Name of the preset; never that of a method.
        method: Name of the method.
        method_config: The method's hyper-parameters, its `Config`.
        train: Training options.
        size_px: Side of the images that it is meant for, in pixels; other sizes work too.
        about: One line for `ganoscope train --help`.
    """

    name: str
    method: str
    method_config: Any
    train: TrainConfig
    size_px: int
    about: str


def make_train_config(method: str, **options: Any) -> TrainConfig:
    """Returns the training options of a method with its own defaults, some of them replaced."""
    return TrainConfig(**{**load(method).TRAITS.defaults, **options})


PNEUMONIA = {"epochs": 50.0, "batch_size": 128}

LIST = (
    Preset(
        "ct_dclgan",
        "dclgan",
        dclgan.Config(),
        make_train_config("dclgan"),
        size_px=256,
        about="CT translation with Hounsfield units preserved, 256 px (dual-contrastive GAN)",
    ),
    Preset(
        "pneumonia_counterfactual",
        "cyclegan_counterfactual",
        cyclegan_counterfactual.Config(),
        make_train_config("cyclegan_counterfactual"),
        size_px=512,
        about="counterfactuals for a pneumonia classifier, 512 px; needs --classifier",
    ),
    Preset(
        "chest_cam_gan",
        "cam_gan",
        cam_gan.Config(),
        make_train_config("cam_gan"),
        size_px=224,
        about="chest X-rays guided by a classifier's activation maps, 224 px; needs --teacher",
    ),
    Preset(
        "brain_dcgan",
        "dcgan",
        dcgan.Config(),
        make_train_config("dcgan", batch_size=32, epochs=40.0),
        size_px=128,
        about="brain MRI for explaining the discriminator, 128 px (DCGAN)",
    ),
    Preset(
        "pneumonia_dcgan",
        "dcgan",
        dcgan.Config(),
        make_train_config("dcgan", **PNEUMONIA),
        size_px=64,
        about="chest X-rays to augment a pneumonia classifier, 64 px (DCGAN)",
    ),
    Preset(
        "pneumonia_cgan",
        "cgan",
        cgan.Config(discriminator_learning_rate=2e-4),
        make_train_config("cgan", **PNEUMONIA),
        size_px=64,
        about="chest X-rays of a requested class to augment a pneumonia classifier, 64 px (CGAN)",
    ),
    Preset(
        "pneumonia_wgan_gp",
        "wgan_gp",
        wgan_gp.Config(learning_rate=2e-4),
        make_train_config("wgan_gp", **PNEUMONIA),
        size_px=64,
        about="chest X-rays to augment a pneumonia classifier, 64 px (WGAN-GP)",
    ),
    Preset(
        "small_r3gan",
        "r3gan",
        r3gan.Config(),
        make_train_config("r3gan", images=100_000),
        size_px=64,
        about="images from noise on a small CPU, 64 px, about 15 minutes (R3GAN)",
    ),
    Preset(
        "narrow_r3gan",
        "r3gan",
        r3gan.Config(generator_channels=16, discriminator_channels=16),
        make_train_config("r3gan", images=20_000),
        size_px=32,
        about="images from noise in banks of many small models, 32 px, about a minute each (R3GAN)",
    ),
    Preset(
        "small_cyclegan",
        "cyclegan",
        cyclegan.Config(generator="attention_resunet", generator_channels=16, identity_weight=5.0),
        make_train_config("cyclegan", epochs=None, images=4_000),
        size_px=64,
        about="translation between two classes on a small CPU, 64 px, about 10 minutes (CycleGAN)",
    ),
    Preset(
        "small_counterfactual",
        "cyclegan_counterfactual",
        cyclegan_counterfactual.Config(
            generator="attention_resunet", generator_channels=16, discriminator_channels=32, identity_weight=5.0
        ),
        make_train_config("cyclegan_counterfactual", epochs=None, images=4_000),
        size_px=64,
        about="counterfactuals for a classifier on a small CPU, 64 px, about 10 minutes; needs --classifier",
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in LIST})
"""All presets by name."""


def find_preset(name: str) -> Preset:
    """Returns the preset of that name; for a method's name, the method's own defaults as a preset.

    Raises:
        UserError: There is no such preset or method.
    """
    if name in PRESETS:
        return PRESETS[name]
    methods = available()
    if "." not in name and name not in methods:
        allowed = f"methods {', '.join(methods)}; presets {', '.join(PRESETS)}"
        close = difflib.get_close_matches(name, [*methods, *PRESETS], 1)
        hint = f"Did you mean {close[0]}?" if close else "Or give your own module's dotted name."
        raise UserError(describe("no such method or preset", name, allowed, hint))
    state_module(name)
    module = load(name)
    return Preset(name, name, module.Config(), make_train_config(name), size_px=0, about="")


def list_methods() -> dict[str, str]:
    """Returns the names of all methods and presets, each with one line about it."""
    return {**available(), **{name: preset.about for name, preset in PRESETS.items()}}


def configure(method: str, **hyper_parameters: Any) -> Any:
    """Returns the hyper-parameters of a method or preset, some of them replaced: the `method_config` of `train`.

    Args:
        method: Name of a method or a preset, or the dotted name of your own module.
        **hyper_parameters: Values by the name of the hyper-parameter.

    Returns:
        The method's `Config`.

    Raises:
        UserError: There is no such method or hyper-parameter, or a value is out of range.

    Example:
        >>> configure("dcgan", latent_dim=64).latent_dim
        64
    """
    config = find_preset(method).method_config
    names = [field.name for field in fields(config)]
    refuse(
        [
            describe(f"{method} has no such hyper-parameter", name, ", ".join(names), "Choose one.")
            for name in hyper_parameters
            if name not in names
        ]
    )
    return replace(config, **hyper_parameters)
