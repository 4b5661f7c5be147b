"""Pairs of duplicates: read from the table, and chosen for a gallery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.data.inspection.duplicate_pairs import Pair, choose_pairs, choose_shown_pairs


@pytest.mark.parametrize("relation", ["same", "exact copy"])
def test_conflicts_are_shown_though_pairs_across_source_splits_are_many(relation):
    crossing = [Pair(n, n + 1, relation, 0.999, False, True, False) for n in range(100)]
    conflicts = [Pair(n, n + 1, relation, 0.98, False, False, True) for n in range(200, 203)]
    weak = [Pair(n, n + 1, relation, 0.97, False, False, False) for n in range(300, 310)]
    ordered = sorted([*crossing, *conflicts, *weak], key=lambda pair: pair.gravity)
    first, least_alike = choose_pairs(ordered, 24)
    assert first[:3] == conflicts
    assert len(first) + len(least_alike) == 24
    assert all(pair in weak for pair in least_alike)
    assert bool(least_alike) == (relation == "same")


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 100)), max_size=60))
def test_chosen_pairs_are_distinct_as_many_as_fit_and_hold_every_kind(flags):
    pairs = [Pair(n, n + 1, "same", value / 100, *kinds) for n, (*kinds, value) in enumerate(flags)]
    pairs.sort(key=lambda pair: pair.gravity)
    first, least_alike = choose_pairs(pairs, 24)
    chosen = [*first, *least_alike]
    assert len(chosen) == len(set(chosen)) == min(24, len(pairs))
    for kind in ("conflicting", "across_splits"):
        assert any(getattr(pair, kind) for pair in chosen) == any(getattr(pair, kind) for pair in pairs)


def test_the_most_frequent_relation_comes_first_with_its_number_of_pairs():
    same = [Pair(n, n + 1, "same", 0.99, False, False, False) for n in range(40)]
    copies = [Pair(n, n + 1, "exact copy", 1.0, False, False, False) for n in range(3)]
    shown = choose_shown_pairs([*copies, *same])
    assert [(one.relation, one.number) for one in shown] == [("same", 40), ("exact copy", 3)]
    assert len(shown[0].gravest) + len(shown[0].least_alike) == 24
    assert shown[1].gravest == ((0, 1), (1, 2), (2, 3))
