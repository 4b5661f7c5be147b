"""A run that is conditioned on classes, and one that gives training images back."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ganoscope.methods.cgan import Config
from ganoscope.training.record import TrainConfig
from ganoscope.training.run import train

ROOT = Path(__file__).parents[3]
SHORT = TrainConfig(images=64, batch_size=16, tick_images=64, device="cpu", precision="fp32")


@pytest.fixture(scope="session")
def conditional_run(phantom_store, tmp_path_factory):
    """A CGAN of 8 large steps on `phantom_store`: its images differ. Not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "conditional"
    config = Config(latent_dim=8, generator_channels=4, discriminator_channels=4, learning_rate=0.02)
    train("cgan", config, phantom_store, path, replace(SHORT, images=128, tick_images=128))
    return path


@pytest.fixture(scope="session")
def memorising_run(phantom_store, tmp_path_factory):
    """A run whose generator gives training images back for half of all noise. Not to be changed."""
    sys.path.insert(0, str(ROOT))
    from tests.unit.generation import memoriser

    path = tmp_path_factory.mktemp("runs") / "memorising"
    train("tests.unit.generation.memoriser", memoriser.Config(), phantom_store, path, SHORT)
    yield path
    sys.path.remove(str(ROOT))
