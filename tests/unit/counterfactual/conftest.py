"""Pictures with and without a bright disc, a store of them, a translation between both, and two classifiers."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from ganoscope.classification import classify
from ganoscope.data.prepare import PrepareConfig, prepare
from ganoscope.training.classifier_config import ClassifyConfig
from ganoscope.training.record import TrainConfig
from ganoscope.training.run import train

ROOT = Path(__file__).parents[3]
SIZE, SIDE = 32, 96
METHOD = "tests.unit.counterfactual.painter"
SHORT = TrainConfig(images=8, batch_size=2, tick_images=8, device="cpu", precision="fp32")


def draw_picture(seed, sick, side=SIDE):
    """8-bit smooth noise, dark enough that nothing is clipped; sick ones have the painter's disc."""
    from tests.unit.counterfactual.painter import STRENGTH, draw_disc

    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((side, side)), side / 12)
    disc = draw_disc(side)[0, 0].numpy()
    grey = 70 + 20 * (noise - noise.mean()) / noise.std() + 127.5 * STRENGTH * sick * disc
    return np.rint(grey.clip(5, 250)).astype(np.uint8), disc > 0 if sick else np.zeros((side, side), bool)


@pytest.fixture(scope="session", autouse=True)
def dotted_names():
    """Lets the method be found by its dotted name."""
    sys.path.insert(0, str(ROOT))
    yield
    sys.path.remove(str(ROOT))


@pytest.fixture(scope="session")
def disc_source(dotted_names, tmp_path_factory):
    """120 pictures of 60 patients, of which every second is sick; with masks and a manifest. Not to be changed."""
    folder = tmp_path_factory.mktemp("sources") / "discs"
    for name in ("pictures", "masks"):
        (folder / name).mkdir(parents=True)
    rows = []
    for index in range(120):
        patient = index // 2
        picture, mask = draw_picture(index, patient % 2 == 1)
        Image.fromarray(picture).save(folder / "pictures" / f"{index:03d}.png")
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "masks" / f"{index:03d}.png")
        label = "sick" if patient % 2 else "well"
        masked = f"masks/{index:03d}.png"
        rows.append((f"pictures/{index:03d}.png", label, f"patient {patient}", masked))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "label", "patient", "mask"), *rows])
    return folder


@pytest.fixture(scope="session")
def disc_store(disc_source, tmp_path_factory):
    path = tmp_path_factory.mktemp("stores") / "discs"
    prepare(disc_source, path, PrepareConfig(size=SIZE, name="discs"))
    return path


@pytest.fixture(scope="session")
def disc_run(disc_store, disc_classifier, tmp_path_factory):
    """Translates well to sick and back; knows the classifier that it explains."""
    from tests.unit.counterfactual import painter

    path = tmp_path_factory.mktemp("runs") / "discs"
    config = TrainConfig(**{**vars(SHORT), "domains": ("well", "sick")})
    train(METHOD, painter.Config(classifier=disc_classifier), disc_store, path, config)
    return path


@pytest.fixture(scope="session")
def one_way_run(disc_store, tmp_path_factory):
    """Translates well to sick, and nothing back; knows no classifier."""
    from tests.unit.counterfactual import painter

    path = tmp_path_factory.mktemp("runs") / "one way"
    config = TrainConfig(**{**vars(SHORT), "domains": ("well", "sick")})
    train(METHOD, painter.Config(one_way=True), disc_store, path, config)
    return path


@pytest.fixture(scope="session")
def disc_classifier(disc_store, tmp_path_factory):
    path = tmp_path_factory.mktemp("classifiers") / "discs"
    classify(disc_store, path, ClassifyConfig(epochs=12, batch_size=16, device="cpu", precision="fp32"))
    return path


@pytest.fixture(scope="session")
def disc_judge(disc_store, tmp_path_factory):
    path = tmp_path_factory.mktemp("classifiers") / "judge"
    classify(disc_store, path, ClassifyConfig(epochs=12, batch_size=16, device="cpu", precision="fp32", seed=7))
    return path
