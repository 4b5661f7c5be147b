"""`ganoscope phantom` as a user types it: HU from the store to a file, mistakes."""

import os

import numpy as np
import pytest
from PIL import Image
from tests.end_to_end.conftest import SMALL
from tests.fixtures.commands import assert_told, run

from ganoscope.data.store import Store


def test_hounsfield_units_survive_the_way_to_png(tmp_path):
    assert run("phantom", tmp_path / "ct", "--modality", "ct", "--number", 60, "--size", 32) == 0
    store = Store.open(tmp_path / "ct")
    assert (store.images.dtype, store.intensity.unit) == (np.int16, "HU")
    assert np.asarray(store.images).min() < -900
    assert run("train", "dcgan", tmp_path / "ct", tmp_path / "run", *SMALL) == 0
    assert run("generate", tmp_path / "run", tmp_path / "out", "--number", 2) == 0
    with Image.open(tmp_path / "out" / "000000.png") as image:
        pixels = np.asarray(image)
        assert image.text["ganoscope:offset"] == "1024"
    assert pixels.dtype == np.uint16
    assert pixels.max() <= 1500 + 1024


MISTAKES = {
    "store is there": (["phantom", "{store}"], "exists and is not empty"),
    "too few phantoms": (["phantom", "{tmp}/p", "--number", "2"], "--number is too small"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES[name], places, capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_target_is_told(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert run("phantom", tmp_path / "s", "--number", 40, "--size", 32) == 2
    assert "no permission" in capsys.readouterr().err
