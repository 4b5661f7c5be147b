"""The page about a run: which chapters it has, and its first sentence."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganoscope.reports.run import sections
from ganoscope.reports.run.artefacts import find_sources
from ganoscope.reports.run.config import ReportConfig
from ganoscope.reports.run.page import CHAPTERS, collect_content, describe_abstract
from ganoscope.training.run_folder.trained_run import open_run

PARTS = {"model", "generated"}
"""Files of `sections/` that make a part of another file's chapter."""


@pytest.fixture(scope="module")
def trained(tiny_run):
    return open_run(tiny_run)


def test_every_file_of_the_folder_is_in_the_page():
    files = {path.stem for path in Path(sections.__path__[0]).glob("*.py")}
    assert files - PARTS - {"__init__"} == {section.__name__.rpartition(".")[2] for section in CHAPTERS}


def test_chapters_have_anchors_and_titles_of_their_own(trained):
    content = collect_content(find_sources(trained, ReportConfig()))
    anchors = [chapter.anchor for chapter in content["chapters"]]
    assert anchors == ["data", "curves", "samples", "diversity", "explanations", "provenance", "limits", "use"]
    assert len({chapter.title for chapter in content["chapters"]}) == len(anchors)


def test_a_translation_has_counterfactuals_instead_of_diversity_and_explanations(trained):
    other = replace(trained, record=replace(trained.record, domains=("well", "sick")))
    content = collect_content(find_sources(other, ReportConfig()))
    anchors = [chapter.anchor for chapter in content["chapters"]]
    assert anchors == ["data", "curves", "samples", "counterfactuals", "provenance", "limits", "use"]
    assert content["abstract"].startswith("A translation between well and sick (dcgan)")
    assert content["shows_real"]


def test_the_abstract_says_how_much_of_the_plan_was_done(trained):
    assert "after 320 images seen" in describe_abstract(trained)
    assert "after 160 of 320 planned images seen" in describe_abstract(replace(trained, images_seen=160))
    record = SimpleNamespace(**{**vars(trained.record), "started": "2026-02-03T04:05:06+00:00", "domains": ()})
    assert describe_abstract(replace(trained, record=record)).endswith("training began on 03 February 2026.")
