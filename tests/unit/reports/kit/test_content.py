"""Numbers as text."""

import pytest

from ganoscope.reports.kit.content import write_interval, write_number


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (1_000_000, "1,000,000"), (2.0, "2"), (0.00012345, "0.0001234"), (["a", 1], "a, 1"), ((), "")],
)
def test_values_are_written_for_readers(value, text):
    assert write_number(value) == text


def test_an_interval_has_three_decimals():
    assert write_interval(1, 0.5, 1.5) == "1.000 (0.500 to 1.500)"
