"""`ganoscope explain` as a user types it: heat maps of real and generated images, mistakes."""

import pytest
from tests.fixtures.commands import assert_told

from ganoscope.cli import execute


def test_a_run_is_explained_with_pictures_and_in_words(story):
    files = {path.name for path in (story / "explanations").iterdir()}
    assert {"alarms.json", "summary.txt"} <= files
    assert list((story / "explanations").rglob("*.png"))


MISTAKES = {
    "explain without run": (["explain", "{tmp}/empty", "{store}", "{tmp}/e"], "run.json is missing"),
    "explain another size": (["explain", "{run}", "{odd}", "{tmp}/e"], "36"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES[name], places, capsys)


def test_help_lists_the_explainers(capsys):
    with pytest.raises(SystemExit):
        execute(["explain", "--help"])
    told = capsys.readouterr().out
    assert "grad_cam: Grad-CAM" in told
    assert "hires_cam: HiResCAM" in told
