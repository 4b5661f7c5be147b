import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.errors import Range, UserError, list_range_faults
from ganoscope.methods import available, load


@dataclass(frozen=True)
class Settings:
    learning_rate: float = 0.1
    count: int = 3


@given(st.floats(allow_nan=True))
def test_a_range_allows_what_its_words_say(value):
    assert (value in Range(0, 1)) == (0 <= value <= 1)
    assert (value in Range(0, 1, above=True)) == (0 < value <= 1)
    assert (value in Range(0, 1, below=True)) == (0 <= value < 1)
    assert (value in Range(2)) == (value >= 2)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (Range(0), "0 or more"),
        (Range(0, above=True), "above 0"),
        (Range(0, 1, below=True), "0 to below 1"),
        (Range(0.5, 1), "0.5 to 1"),
    ],
)
def test_a_range_in_words(allowed, words):
    assert str(allowed) == words


def test_all_settings_out_of_range_are_named_with_their_defaults():
    ranges = {"learning_rate": Range(0, 1, above=True, below=True), "count": Range(1)}
    assert list_range_faults(Settings(), ranges) == []
    assert list_range_faults(Settings(math.nan, 0), ranges) == [
        "--learning-rate is out of range: got nan; allowed: above 0 to below 1. The default is 0.1.",
        "--count is out of range: got 0; allowed: 1 or more. The default is 3.",
    ]


@pytest.mark.parametrize("name", available())
def test_every_number_of_a_method_has_a_range_and_all_faults_are_told_at_once(name):
    Config = load(name).Config
    numbers = [field for field, value in vars(Config()).items() if type(value) in (int, float)]
    with pytest.raises(UserError) as caught:
        Config(**dict.fromkeys(numbers, math.nan))
    assert [f"--{number.replace('_', '-')} is out of range: got nan" in str(caught.value) for number in numbers]
    assert len(str(caught.value).splitlines()) == len(numbers)
