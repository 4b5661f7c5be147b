"""The verdict as a sentence: what is not known is said in words, never as a number that is none."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ganoscope.data.store import Store
from ganoscope.statistics.corrected_t import compare_splits
from ganoscope.statistics.verdict import judge_arms
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.evidence.comparisons import Comparison
from ganoscope.studies.judgement import write_headline

CONFIG = StudyConfig(arms=("baseline", "classical"), families=("random_features",), repeats=3, folds=2)


@pytest.fixture(scope="module")
def design(phantom_store):
    return make_design(Store.open(phantom_store), CONFIG)[0]


def tell(design, values):
    found = compare_splits(np.array(values), 0.25)
    verdict = judge_arms([found], 0.01)[0]
    one = Comparison("held_out", "small_cnn", "classical", True, "splits", found, verdict, list(values), None)
    return write_headline(one, design)


def test_an_interval_and_its_p_value_are_told(design):
    told = tell(design, [0.10, 0.12, 0.11, 0.10, 0.12, 0.11])
    assert told.startswith(
        "classical against baseline, small_cnn: helps. Mean difference of AUROC over 6 splits +0.1100 (95%"
    )
    assert "interval over splits +0." in told
    assert "adjusted p " in told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.03], "over 1 split +0.0300 (no interval: one split can't tell how differences vary"),
        ([0.03, 0.03], "over 2 splits +0.0300 (no interval: the differences of all splits are equal"),
        ([math.nan], "no evidence. AUROC is defined in no split"),
    ],
)
def test_where_there_is_no_interval_the_reason_is_told(design, values, words):
    told = tell(design, values)
    assert words in told
    assert "nan" not in told
    assert "adjusted p" not in told


def test_patients_are_told_where_these_vary(design):
    found = compare_splits(np.array([0.03]), 0.25)
    verdict = replace(judge_arms([found], 0.01)[0], low=0.01, high=0.05, p=math.nan)
    one = Comparison("held_out", "small_cnn", "classical", True, "patients", found, verdict, [0.03], None)
    assert "over 1 split +0.0300 (95% interval over patients +0.0100 to +0.0500);" in write_headline(one, design)
