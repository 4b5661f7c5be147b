"""The demo's folder: claimed once, never mixed with another demo; outdated results go."""

import os

import pytest

from ganoscope.errors import UserError
from ganoscope.files import load_json
from ganoscope.workflows.demo import DemoConfig, claim_folder, remove_outdated


@pytest.mark.parametrize("name", ["images", "number"])
def test_counts_have_a_smallest_value(name):
    with pytest.raises(UserError, match=rf"--{name} is out of range.*32 or more"):
        DemoConfig(**{name: 31})


def test_a_longer_demo_goes_on_in_the_same_folder(tmp_path):
    claim_folder(tmp_path / "demo", DemoConfig())
    claim_folder(tmp_path / "demo", DemoConfig(images=80_000))
    settings = load_json(tmp_path / "demo" / "demo.json")
    assert settings == {"data": "None", "size": "64", "seed": "0", "number": "64"}


@pytest.mark.parametrize("other", [DemoConfig(seed=1), DemoConfig(size=32), DemoConfig(number=32)])
def test_another_demo_is_refused(tmp_path, other):
    claim_folder(tmp_path, DemoConfig())
    with pytest.raises(UserError, match="other settings"):
        claim_folder(tmp_path, other)


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="does not hold a demo"):
        claim_folder(tmp_path, DemoConfig())


def test_a_folder_of_images_is_known_by_its_full_path(tmp_path):
    claim_folder(tmp_path / "demo", DemoConfig(data=tmp_path / "x" / ".." / "images"))
    assert load_json(tmp_path / "demo" / "demo.json")["data"] == str((tmp_path / "images").resolve())


def test_results_older_than_the_newest_checkpoint_are_removed(tmp_path):
    for name in ("run/checkpoints/0000000080", "old", "new"):
        (tmp_path / name).mkdir(parents=True)
    os.utime(tmp_path / "run" / "checkpoints" / "0000000080", (200, 200))
    os.utime(tmp_path / "old", (100, 100))
    os.utime(tmp_path / "new", (300, 300))
    remove_outdated(tmp_path / "run", tmp_path / "old", tmp_path / "new", tmp_path / "gone")
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "new").exists()
