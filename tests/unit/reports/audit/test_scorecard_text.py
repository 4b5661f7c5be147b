from dataclasses import replace

import pytest

from ganoscope.audits.policy import Judged, Ruled
from ganoscope.audits.scorecard import Entry, Scorecard, Subject
from ganoscope.reports.audit.scorecard_text import count_outcomes, write_lines

SUBJECT = Subject("1,000 images in folder x", 1000, "abc" * 9, "", "chest", "f" * 9, 800, 600, 100, 80)
ENTRIES = (
    Entry("fidelity", "Do they look real?", "clear", "They do."),
    Entry("copied_images", "Is any a copy?", "fault", "Two are. " * 30, warnings=("Whole images alone.",)),
    Entry("membership", "Is anybody's image in them?", "untested", "Not tested: no held-out patients."),
)
SCORECARD = Scorecard("2026-11-30 18:00:00", "0.1.0", SUBJECT, "quick", 0, ENTRIES)


def test_faults_come_first_and_lines_are_short():
    lines = list(write_lines(SCORECARD))
    heads = [line for line in lines if line.startswith("[")]
    assert heads == ["[FAULT] Is any a copy?", "[clear] Do they look real?", "[not tested] Is anybody's image in them?"]
    assert max(map(len, lines)) <= 110
    assert "  note: Whole images alone." in lines
    assert "It holds for the images with hash abcabcabcabc alone." in " ".join(lines)


def test_what_was_compared_is_told():
    text = " ".join(write_lines(SCORECARD))
    assert "800 real images of 600 patients that their generator has learned from (chest)" in text
    assert "100 images of 80 other patients that it has not seen" in text
    alone = replace(SCORECARD, subject=replace(SUBJECT, held_out=0, bank_models=64, weights_sha256="9" * 64))
    text = " ".join(write_lines(alone))
    assert "other patient" not in text
    assert "with a bank of 64 models" in text
    assert "with weights 999999999999 alone" in text


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (ENTRIES, "3 questions: 1 with a fault (copied images), 1 clear, 1 not tested."),
        (ENTRIES[:1], "1 question: none with a fault, 1 clear, 0 not tested."),
    ],
)
def test_outcomes_are_counted(entries, words):
    assert count_outcomes(replace(SCORECARD, entries=entries)) == words


def test_rules_that_are_not_kept_are_named():
    rules = (Ruled("a.b", "at most 1", "pass", "0"), Ruled("c.outcome", "clear", "fail", "fault"))
    text = " ".join(write_lines(replace(SCORECARD, judged=Judged("fail", rules))))
    assert "Policy: fail (1 of 2 rules kept). c.outcome clear: fail, fault" in text
