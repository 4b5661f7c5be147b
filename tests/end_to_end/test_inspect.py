"""`ganoscope inspect` as a user types it: counts, a sheet with a picture in it, mistakes."""

import shutil

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.commands import assert_told, run


def test_a_store_is_counted_and_shown(story, tmp_path, capsys):
    shutil.copytree(story / "store", tmp_path / "store")
    assert run("inspect", tmp_path / "store") == 0
    assert "104 images of 32 x 32" in capsys.readouterr().out
    sheet = np.asarray(Image.open(tmp_path / "store" / "contact_sheet.png").convert("L"))
    assert sheet.std() > 20


MISTAKES = {
    "no store": (["inspect", "{tmp}/empty"], "store.json is missing"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES[name], places, capsys)
