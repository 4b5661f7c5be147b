"""Examinations: images that share a meaningful identifier are one, against a naive flood over all of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.dicom.attributes import SHARED_IDS
from ganoscope.data.prepare.facts.examinations import find_examinations
from ganoscope.data.prepare.grouping import Columns


@st.composite
def sources(draw):
    count = draw(st.integers(1, 16))
    rows = lambda values: np.array(draw(st.lists(values, min_size=count, max_size=count)))  # noqa: E731
    ids = np.stack([rows(st.integers(0, 6)) for _ in SHARED_IDS], axis=1)
    return make_columns(rows(st.integers(-1, 7)), ids, rows(st.integers(0, 9)), rows(st.booleans()))


def make_columns(patient, ids, volume, stated):
    zeros = np.zeros(len(patient), np.int64)
    texts = np.full(len(patient), "")
    return Columns(patient, volume, zeros, zeros.astype(np.int32), texts, ids.astype(np.uint64), stated)


def find_naively(columns):
    """Joins images pair by pair; counts identifiers one by one."""
    count, joined, apart = len(columns.patient), {}, {}
    units = [
        ("patient", p) if p >= 0 else ("volume", v)
        for p, v in zip(columns.patient.tolist(), columns.volume.tolist(), strict=True)
    ]
    numbers = list(range(count))
    for kind, name in enumerate(SHARED_IDS):
        ids = columns.shared_ids[:, kind].tolist()
        known = {columns.patient[n] for n in range(count) if ids[n] and columns.patient[n] >= 0}
        for value in set(ids) - {0}:
            members = [n for n in range(count) if ids[n] == value]
            patients = {columns.patient[n] for n in members if columns.patient[n] >= 0}
            bearing = {units[n] for n in members}
            if len(patients) >= 3 and 2 * len(patients) >= len(known):
                continue
            if len(bearing) >= 3 and bearing == set(units):
                continue
            if len({columns.patient[n] for n in members if columns.patient[n] >= 0 and columns.stated[n]}) > 1:
                apart[name] = apart.get(name, 0) + 1
                continue
            if len(patients) > 1:
                joined[name] = joined.get(name, 0) + 1
            for n in members:
                old, new = numbers[n], numbers[members[0]]
                numbers = [new if number == old else number for number in numbers]
    return numbers, joined, apart


@given(sources())
@settings(deadline=None, max_examples=300)
def test_examinations_are_those_of_a_naive_search(columns):
    found, shared = find_examinations(columns)
    expected, joined, apart = find_naively(columns)
    np.testing.assert_array_equal(
        found[:, None] == found[None], np.array(expected)[:, None] == np.array(expected)[None]
    )
    assert (shared.joined, shared.apart) == (joined, apart)


def test_a_source_without_identifiers_has_an_examination_per_image():
    columns = make_columns(np.arange(4), np.zeros((4, 5)), np.arange(4), np.zeros(4, bool))
    found, shared = find_examinations(columns)
    assert len(set(found.tolist())) == 4
    assert (shared.joined, shared.apart, shared.constants, shared.patients) == ({}, {}, {}, 0)
