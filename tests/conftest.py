"""Fixtures shared by all tests: a small phantom store and a run trained on it for a few steps."""

import os
import signal
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.methods.dcgan import Config
from ganoscope.registry import STATED
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.config import TrainConfig
from ganoscope.workflows.classify import classify
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.train import train
from tests.fixtures.archives import kaggle  # noqa: F401
from tests.fixtures.discs import (  # noqa: F401 - fixtures of tests in all folders
    disc_classifier,
    disc_judge,
    disc_run,
    disc_source,
    disc_store,
    dotted_names,
    one_way_run,
)
from tests.fixtures.generators import conditional_run, memorising_run  # noqa: F401
from tests.fixtures.pictures import make_source, make_store, smooth  # noqa: F401
from tests.fixtures.prepared import pictures, target  # noqa: F401
from tests.fixtures.study_tables import analysed_study  # noqa: F401

torch.set_num_threads(1)
if threading.current_thread() is threading.main_thread():  # in the background, shells and nohup let these be ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
settings.register_profile("ganoscope", deadline=None)  # first calls import, and machines are noisy
settings.load_profile("ganoscope")

TINY = Config(latent_dim=8, generator_channels=4, discriminator_channels=4)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Puts files with slow tests first: at the end, no process waits long for the other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def only_modules_of_this_test():
    """Forgets the modules that a test names: processes that a later test starts would import them, too."""
    before = set(STATED)
    yield
    for name in set(STATED) - before:
        del STATED[name]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real images, where this machine has them."""
    folder = Path(os.environ.get("GANOSCOPE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set GANOSCOPE_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def phantom_store(tmp_path_factory) -> Path:
    """A store of 144 MRI phantoms of 32 x 32 pixels. Not to be changed."""
    path = tmp_path_factory.mktemp("stores") / "phantoms"
    phantom(path, PhantomConfig(modality="mri", number=144, size=32))
    return path


@pytest.fixture(scope="session")
def tiny_run(phantom_store, tmp_path_factory) -> Path:
    """A run of 20 steps on `phantom_store`. Not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "tiny"
    train("dcgan", phantom_store, path, TrainConfig(images=320, batch_size=16, tick_images=80), method_config=TINY)
    return path


@pytest.fixture(scope="session")
def tiny_classifier(phantom_store, tmp_path_factory) -> Path:
    """A small_cnn trained on `phantom_store` for two epochs. Not to be changed."""
    path = tmp_path_factory.mktemp("classifiers") / "tiny"
    classify(phantom_store, path, ClassifyConfig(epochs=2, batch_size=16, device="cpu", precision="fp32"))
    return path
