"""What the terminal shows of a study: whole words in 80 and in 120 columns, and plain English."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ganoscope.data.store import Store
from ganoscope.reports.study import printed
from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.verdict import EQUAL, Verdict
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.evidence.comparisons import Comparison
from ganoscope.studies.judgement import Judgement


def show(monkeypatch, columns, function, *arguments):
    written = io.StringIO()
    monkeypatch.setattr(printed, "CONSOLE", Console(file=written, width=columns, highlight=False, soft_wrap=True))
    monkeypatch.setattr(printed, "say", lambda text: None)
    function(*arguments)
    return [line.rstrip() for line in written.getvalue().splitlines()]


@pytest.fixture(scope="module")
def design(phantom_store):
    arms = tuple(arm for arm in ARMS if arm != "external")
    config = StudyConfig(generator="cgan", arms=arms, repeats=3, folds=2, exploratory=True)
    return make_design(Store.open(phantom_store), config)[0]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_design_is_shown_whole(columns, design, monkeypatch):
    lines = show(monkeypatch, columns, printed.show_design, design, [])
    assert max(map(len, lines)) <= columns
    assert not any("…" in line for line in lines)
    assert {f"arm {arm}" for arm in design.config.compared} <= {" ".join(line.split()[:2]) for line in lines}


@pytest.mark.parametrize("columns", [80, 120])
def test_comparisons_are_shown_whole(columns, monkeypatch):
    difference = compare_splits([-0.1, -0.2], 1.0)
    verdict = Verdict(EQUAL, -0.1234, -0.0234, 0.95, 0.00001)
    comparisons = [
        Comparison("held_out", family, arm, False, "splits", difference, verdict, [], None)
        for family in ("efficientnet_b1", "random_features")
        for arm in ARMS
    ]
    found = Judgement(EQUAL, "", [], "auroc", 0.01, "", [], comparisons)
    lines = show(monkeypatch, columns, printed.show_judgement, found)
    assert max(map(len, lines)) <= columns
    assert lines.count("classical_synthetic  -0.1500     -0.1234 to -0.0234  < 0.0001  practically equal") == 2


def test_shares_and_patients_are_told_in_plain_words(design):
    assert "half of the patients held out in each" in printed.list_design(design)["splits"]
    assert " patients, 3 classes" in printed.list_design(design)["images"]
    unknown = printed.list_design(replace(design, patients_known=False))["images"]
    assert "groups of near-duplicates (patients are not known)" in unknown


def test_no_generator_is_named_where_no_arm_needs_one(phantom_store):
    config = StudyConfig(generator="cgan", arms=("baseline", "classical"), repeats=3, folds=2, exploratory=True)
    design = make_design(Store.open(phantom_store), config)[0]
    assert printed.list_design(design)["generator"] == "none: no arm needs one"


def test_a_design_that_cannot_decide_claims_no_verdict_within_reach(design):
    last = printed.describe_feasibility(design.feasibility, None)[-1]
    assert last == "verdicts within reach: none; this design can't decide, whatever its numbers say"
