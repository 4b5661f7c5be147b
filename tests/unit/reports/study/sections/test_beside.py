"""What stands beside the verdict: dashes where nothing can be known."""

import math

from ganoscope.reports.study.sections.beside import write_beside
from ganoscope.studies.evidence.comparisons import Beside


def test_numbers_that_are_known_are_shown():
    cells = write_beside(Beside(0.1, 0.2, 0.7, 0.05, 1.234, 0.5, 2.0, 0.01234, "equal to adding 40 more"))
    assert cells == ("0.10 / 0.20 / 0.70", "0.05", "1.23 (0.50 to 2.00)", "0.0123", "equal to adding 40 more")


def test_one_split_leaves_dashes_and_no_nan():
    cells = write_beside(Beside(*[math.nan] * 8))
    assert cells == ("–", "–", "–", "–", "no learning curve")
