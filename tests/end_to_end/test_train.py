"""`ganoscope train` as a user types it: a run repeats from its record, mistakes. Every method is in `test_methods`."""

import pytest
from tests.fixtures.commands import assert_told, run

from ganoscope.training.run_folder.trained_run import open_run


def test_a_run_repeats_from_its_record(story, tmp_path):
    assert run("train", "--from", story / "run" / "run.json", tmp_path / "again") == 0
    assert open_run(tmp_path / "again").weights_sha256 == open_run(story / "run").weights_sha256


MISTAKES = {
    "no method": (["train", "stylegan9", "{store}", "{tmp}/r"], "allowed: methods cam_gan, cgan, cut, cyclegan"),
    "size of the method": (["train", "dcgan", "{odd}", "{tmp}/r"], "got 36; allowed: multiples of 16"),
    "method's option": (["train", "dcgan", "{store}", "{tmp}/r", "--beta1", "1.5"], "beta1 is out of range: got 1.5"),
    "repeat nothing": (["train", "--from", "{tmp}/none.json", "{tmp}/r"], "run.json is missing"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES[name], places, capsys)
