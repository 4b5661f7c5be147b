"""The findings in sentences."""

import pytest
from tests.fixtures.map_findings import BETTER, FEW, SAME, WORSE, change_gains, change_set, make_findings

from ganoscope.explanation.summary import describe_failure, write_summary


def summarise(findings):
    return write_summary(findings, "the real images are of x", 32, 4.0, "grad_cam", "levels.1")


def test_shares_come_with_intervals_and_the_area_of_their_region():
    text = summarise(make_findings())
    assert text.startswith("The real images are of x.\n")
    assert "Evidence for 'generated':" in text.splitlines()
    assert (
        "In 6 real images, 50% (95% interval 40 to 60%) of the evidence for 'real' falls inside the anatomy, which "
        "covers 25% of the picture"
    ) in text
    assert "cells of 4 x 4 image pixels" in text
    assert "What this can't show (grad_cam, layer levels.1):" in text


@pytest.mark.parametrize(
    ("deletion", "insertion", "sentences"),
    [
        (BETTER, BETTER, []),
        (SAME, SAME, ["By deletion and insertion, this explanation does no better than random maps"]),
        (WORSE, WORSE, ["By deletion and insertion, this explanation does worse than random maps"]),
        (SAME, WORSE, ["By deletion, this explanation does no better", "By insertion, this explanation does worse"]),
        (BETTER, WORSE, ["By insertion, this explanation does worse than random maps"]),
        (FEW, FEW, []),
    ],
)
def test_maps_no_better_than_random_are_named(deletion, insertion, sentences):
    findings = change_gains(make_findings(), "why_real", "generated", deletion, insertion)
    found = list(describe_failure(findings.targets["why_real"].sets["generated"]))
    assert len(found) == len(sentences)
    assert all(line.startswith(sentence) for line, sentence in zip(found, sentences, strict=True))


def test_every_set_whose_maps_do_worse_than_random_ones_is_named():
    findings = make_findings()
    for target in findings.targets:
        for kind in ("real", "generated"):
            findings = change_gains(findings, target, kind, WORSE, WORSE)
    assert summarise(findings).count("does worse than random maps") == 4


def test_too_few_maps_give_no_shares():
    text = summarise(change_set(make_findings(), "why_real", "real", empty=3))
    assert "3 of 6 maps of real images are empty (no evidence for 'real') and left out." in text
    assert "Only 3 real images remain: too few to locate the evidence." in text
    assert "Real and generated images are not compared: one set has fewer than 5 non-empty maps." in text


def test_near_blank_maps_and_bars_at_the_edges_are_told():
    text = summarise(change_set(make_findings(), "why_real", "real", near_blank=2))
    assert "2 of 6 maps of real images are near-blank: they hardly vary." in text
    assert "25% (95% interval 20 to 30%) falls on the dark bars at the picture's edges" in text
