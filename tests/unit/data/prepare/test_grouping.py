"""Joining partitions: two images share a group exactly when a chain of shared parts leads from one to the other."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.prepare.grouping import join_groups


@st.composite
def partitions(draw):
    count = draw(st.integers(1, 25))
    columns = st.lists(st.integers(0, count), min_size=count, max_size=count)
    return [np.array(draw(columns)) for _ in range(draw(st.integers(1, 3)))]


def spread_naively(parts):
    """Flood fill: every image passes its number on until nothing changes."""
    numbers = list(range(len(parts[0])))
    while True:
        before = list(numbers)
        for part in parts:
            for value in set(part.tolist()):
                members = [index for index in range(len(numbers)) if part[index] == value]
                lowest = min(numbers[index] for index in members)
                for index in members:
                    numbers[index] = lowest
        if numbers == before:
            return numbers


@given(partitions())
@settings(deadline=None)
def test_groups_are_the_chains_of_shared_parts(parts):
    groups, expected = join_groups(*parts), spread_naively(parts)
    same = groups[:, None] == groups[None]
    np.testing.assert_array_equal(same, np.array(expected)[:, None] == np.array(expected)[None])
    assert sorted(set(groups.tolist())) == list(range(groups.max() + 1))
