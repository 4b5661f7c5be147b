"""The commands one after the other, from a folder of pictures to a report: made once, looked at verb by verb."""

import shutil

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.commands import run

SMALL = ["--generator-channels", "4", "--discriminator-channels", "4", "--batch-size", "16", "--images", "96"]


@pytest.fixture(scope="session")
def story(tmp_path_factory):
    """A folder with `source`, `store`, `run`, `generated` and `explanations`. Not to be changed."""
    folder = tmp_path_factory.mktemp("story")
    rng = np.random.default_rng(0)
    for split, count in (("Training", 40), ("Testing", 12)):
        for label in ("a", "b"):
            (folder / "source" / split / label).mkdir(parents=True)
            for index in range(count):
                blob = rng.normal(0, 25, (40, 36)) + 90 + 60 * np.outer(np.hanning(40), np.hanning(36))
                picture = Image.fromarray(blob.clip(0, 255).astype(np.uint8))
                picture.save(folder / "source" / split / label / f"{label}{index}.png")
    assert run("prepare", folder / "source", folder / "store", "--size", "32") == 0
    assert run("inspect", folder / "store") == 0
    assert run("train", "dcgan", folder / "store", folder / "run", *SMALL) == 0
    assert run("generate", folder / "run", folder / "generated", "--number", "20", "--seed", "5") == 0
    assert run("explain", folder / "run", folder / "store", folder / "explanations", "--number", "12") == 0
    assert run("report", folder / "run", "--explanations", folder / "explanations") == 0
    return folder


@pytest.fixture(scope="session")
def odd_store(tmp_path_factory):
    """A store of 36 x 36 pixels, which no network of the story takes."""
    path = tmp_path_factory.mktemp("odd") / "store"
    assert run("phantom", path, "--number", 40, "--size", 36) == 0
    return path


@pytest.fixture
def places(story, odd_store, tmp_path):
    """Folders that mistakes are made with: `tmp` holds an empty folder, one with one picture, one with a text."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "one").mkdir()
    shutil.copy(story / "source" / "Training" / "a" / "a0.png", tmp_path / "one")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.png").write_text("no picture")
    return {"tmp": tmp_path, "store": story / "store", "run": story / "run", "odd": odd_store}
