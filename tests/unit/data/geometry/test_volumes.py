"""Choice of slices: what a user can say, and what comes out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.data.geometry.volumes import find_choice_fault, select_slices
from ganoscope.errors import UserError


@pytest.mark.parametrize(
    ("choice", "count", "expected"),
    [
        ("all", 4, [0, 1, 2, 3]),
        ("middle", 5, [2]),
        ("middle", 4, [2]),
        ("middle", 1, [0]),
        ("every:1", 3, [0, 1, 2]),
        ("every:2", 5, [0, 2, 4]),
        ("every:2", 6, [0, 2, 4]),
        ("every:4", 7, [1, 5]),
        ("every:10", 5, [2]),
        ("20:80", 10, [2, 3, 4, 5, 6, 7]),
        ("0:100", 3, [0, 1, 2]),
        ("0:50", 3, [0]),
        ("50:100", 3, [1, 2]),
        ("12.5:37.5", 4, [0]),
        ("50:51", 10, [5]),
        ("99.9:100", 3, [2]),
        ("0:0.1", 3, [0]),
    ],
)
def test_slices_are_chosen_as_said(choice, count, expected):
    assert select_slices(choice, count) == expected


@pytest.mark.parametrize(
    "choice",
    [
        *("", "some", "ALL", " all", "every:0", "every:-2", "every:", "every:1.5", "every:2\n", "every:9999999999"),
        *("80:20", "50:50", "-5:50", "20:101", "20", "a:b", "20:80:90", "nan:inf", "1e1:2e1", "٢٠:٨٠", "20:80\n"),
    ],
)
def test_nonsense_is_refused_with_what_is_allowed(choice):
    with pytest.raises(UserError, match=r"--slices.*got .*allowed: all, middle, every:N.*Choose"):
        select_slices(choice, 10)
    assert find_choice_fault(choice)


CHOICES = st.one_of(
    st.sampled_from(["all", "middle"]),
    st.integers(1, 2000).map("every:{}".format),
    st.integers(0, 99).flatmap(lambda low: st.integers(low + 1, 100).map(lambda high: f"{low}:{high}")),
)


@given(CHOICES, st.integers(1, 500))
def test_any_sound_choice_gives_distinct_ascending_slices_of_the_volume(choice, count):
    taken = select_slices(choice, count)
    assert taken
    assert taken == sorted(set(taken))
    assert 0 <= taken[0] <= taken[-1] < count


@given(st.integers(1, 99), st.integers(1, 500))
def test_neighbouring_ranges_share_no_slice_and_miss_none(cut, count):
    if count >= 100:  # narrower volumes may give the nearest slice twice
        assert select_slices(f"0:{cut}", count) + select_slices(f"{cut}:100", count) == list(range(count))


@given(st.integers(1, 50), st.integers(1, 500))
def test_every_nth_slice_lies_centred(step, count):
    taken = select_slices(f"every:{step}", count)
    assert abs(taken[0] - (count - 1 - taken[-1])) <= 1
