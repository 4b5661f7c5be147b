"""Patients: found in real file names, and never readable in a pseudonym."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.patients import (
    compile_pattern,
    extract_patient,
    make_pseudonyms,
    recognise_pattern,
)
from ganoscope.errors import UserError


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("person1063_bacteria_2997.jpeg", "person1063"),
        ("person1052_virus_1751.jpeg", "person1052"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("IM-0115-0001-0002.jpeg", "IM-0115"),
        ("NORMAL2-IM-0115-0001.jpeg", "IM-0115"),
        ("NORMAL2-IM-1440-0001-0002.jpeg", "IM-1440"),
        ("IM-0115.jpeg", ""),
        ("person1063_fungus_1.jpeg", ""),
        ("aperson1_virus_2.jpeg", ""),
        ("Te-no_0108.jpg", ""),
        ("", ""),
    ],
)
def test_built_in_pattern_reads_paediatric_names(name, patient):
    assert extract_patient(compile_pattern("paediatric_cxr"), name) == patient


def test_persons_are_not_mixed_up_by_a_common_beginning():
    pattern = compile_pattern("paediatric_cxr")
    names = ["person1_virus_1.jpeg", "person10_virus_1.jpeg", "person100_bacteria_1.jpeg"]
    assert [extract_patient(pattern, name) for name in names] == ["person1", "person10", "person100"]


def test_own_pattern_takes_its_first_group_that_matched():
    assert extract_patient(compile_pattern(r"^(\d{8})"), "00000004_000.png") == "00000004"
    assert extract_patient(compile_pattern(r"(?:a(\d)|b(\d))_(\d)"), "b7_3.png") == "7"
    assert extract_patient(compile_pattern(r"(x*)_"), "_1.png") == ""
    assert extract_patient(None, "person1_virus_1.jpeg") == ""


@pytest.mark.parametrize(("strange", "recognised"), [(0, True), (10, True), (11, False), (100, False)])
def test_pattern_is_recognised_from_nine_tenths_of_the_names(strange, recognised):
    names = [f"person{n}_virus_{n}.jpeg" for n in range(100 - strange)] + [f"scan{n}.jpeg" for n in range(strange)]
    pattern = recognise_pattern(names)
    assert (pattern is not None) is recognised
    if pattern:
        assert extract_patient(pattern, "NORMAL2-IM-0115-0001.jpeg") == "IM-0115"


def test_no_names_no_pattern():
    assert recognise_pattern([]) is None


@pytest.mark.parametrize("pattern", ["(", "[a", "*x(y)", "(?P<a>x)(?P<a>y)"])
def test_invalid_expression_is_refused(pattern):
    with pytest.raises(UserError, match=f"no regular expression: got {re.escape(repr(pattern))}"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"\d+_", "(?:person)", "", "paediatric"])
def test_expression_without_a_group_is_refused_and_shown_one(pattern):
    with pytest.raises(UserError, match=r"has no group.*\(\\d\+\)_.*paediatric_cxr"):
        compile_pattern(pattern)


ids = st.lists(st.text("abcPQR0123456789-", min_size=1, max_size=12), max_size=40)


@given(ids, st.integers(0, 9))
@settings(deadline=None)
def test_pseudonyms_are_one_to_one_and_depend_on_nothing_but_the_set_and_the_seed(patients, seed):
    pseudonyms = make_pseudonyms(patients, seed)
    assert set(pseudonyms) == {*patients, ""}
    assert len(set(pseudonyms.values())) == len(pseudonyms)
    assert pseudonyms == make_pseudonyms([*reversed(patients), *patients, ""], seed)


@given(ids)
@settings(deadline=None)
def test_pseudonyms_are_only_numbers_below_the_count_of_patients(patients):
    """So that nothing of an id, not even a hash to look up, can be in them."""
    pseudonyms = make_pseudonyms(patients, 0)
    assert pseudonyms.pop("") == ""
    assert sorted(pseudonyms.values()) == [f"patient-{number:06d}" for number in range(len(set(patients)))]


def test_pseudonyms_do_not_follow_the_order_of_the_ids():
    patients = [f"{number:06d}" for number in range(200)]
    pseudonyms = make_pseudonyms(patients, 0)
    kept = sum(pseudonyms[patient] == f"patient-{patient}" for patient in patients)
    assert kept < 10
    assert list(pseudonyms.values()) != sorted(pseudonyms.values())


def test_seed_changes_pseudonyms():
    patients = [f"person{number}" for number in range(20)]
    assert make_pseudonyms(patients, 0) != make_pseudonyms(patients, 1)
