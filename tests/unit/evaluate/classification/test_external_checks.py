"""Checks of a classifier on other patients: each rings for its own fault, and stays silent without it."""

from types import SimpleNamespace

import pytest

from ganoscope.evaluate.classification.external_checks import ExternalScores, check_subgroups, check_transfer
from ganoscope.evaluate.classification.metrics import Metric


def make(value, low, high):
    return SimpleNamespace(metrics={"auroc": Metric(value, low, high, images=100, groups=50)})


def evidence(here, own=None, subgroups=()):
    return ExternalScores(make(*here), own and make(*own), subgroups)


@pytest.mark.parametrize(
    ("here", "own", "rings"),
    [
        ((0.7, 0.65, 0.75), (0.9, 0.85, 0.95), True),
        ((0.7, 0.6, 0.86), (0.9, 0.85, 0.95), False),
        ((0.9, 0.85, 0.95), (0.7, 0.65, 0.75), False),
        ((0.7, 0.65, 0.75), None, False),
        ((float("nan"),) * 3, (0.9, 0.85, 0.95), False),
    ],
)
def test_a_lower_interval_than_at_home_rings(here, own, rings):
    assert [alarm.code for alarm in check_transfer(evidence(here, own))] == ["worse_on_external_store"] * rings


def row(kind, name, high):
    return {"kind": kind, "subgroup": name, "auroc_high": high}


def test_a_subgroup_whose_interval_lies_below_that_of_all_images_rings():
    views = (("AP", "0.60"), ("PA", "0.9"), ("LL", ""))
    subgroups = [row("class", "sick", "0.2"), *(row("view", name, high) for name, high in views)]
    (alarm,) = check_subgroups(evidence((0.8, 0.7, 0.9), subgroups=subgroups))
    assert (alarm.code, alarm.evidence) == ("weak_subgroup", {"subgroups": ["view AP"]})
    assert "2 subgroups were looked at" in alarm.message
    assert not list(check_subgroups(evidence((0.8, 0.7, 0.9), subgroups=subgroups[2:])))
