"""Classes of folders and of a table: the same in other words, finer, or contradictory."""

import pytest

from ganoscope.data.source.class_folders import find_contradictions, refuse_conflict
from ganoscope.errors import UserError


def pair(*pairs):
    return {f"{number}.png": both for number, both in enumerate(pairs)}


@pytest.mark.parametrize(
    ("pairs", "wrong"),
    [
        (pair(), []),
        (pair(("normal", "healthy"), ("tumour", "sick")), []),
        (pair(("normal", "0"), ("tumour", "1"), ("tumour", "0")), ["2.png"]),
        (pair(("NORMAL", "normal"), ("Pneumonia", "bacteria"), ("Pneumonia", "virus")), []),
        (pair(("normal", "none"), ("covid", "other"), ("viral pneumonia", "other")), []),
        (pair(("normal", "pneumonia"), ("pneumonia", "normal")), ["0.png", "1.png"]),
        (pair(("No_Tumor", "no tumor"), ("gl\u00e4om", "gla\u0308om")), []),
        (pair(("Site A", "tumour"), ("Site A", "normal"), ("Site B", "tumour"), ("Site B", "normal")), []),
        (pair(("normal", "x"), ("normal", "y")), []),
    ],
    ids=["none", "other words", "one differs", "finer", "coarser", "swapped", "spelling", "hospitals", "one folder"],
)
def test_contradictions_are_found(pairs, wrong):
    assert find_contradictions(pairs) == wrong


def test_the_message_names_both_statements():
    with pytest.raises(UserError, match=r'2 of 2 images.*--label-column "Befund".*--levels -/class'):
        refuse_conflict(pair(("normal", "tumour"), ("tumour", "normal")), "Befund", "t.csv", "-/class")
