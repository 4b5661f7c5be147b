"""Patients: found in real file names, and never readable in a pseudonym."""

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganoscope.data.patients import (
    PatternCounter,
    RepeatedIds,
    compile_pattern,
    extract_patient,
    find_placeholders,
    make_pseudonym,
    make_salt,
)
from ganoscope.errors import UserError


def recognise_pattern(names):
    counter = PatternCounter()
    for name in names:
        counter.add(name)
    return counter.recognise()


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


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("00000004_000.png", "00000004"),
        ("TCGA-17-Z011_ID_0001_AGE_0069_CONTRAST_1_CT.png", "TCGA-17-Z011"),
        ("sub-07_T1w.nii.gz", "sub-07"),
        ("20240131_2.png", None),
    ],
)
def test_other_built_in_patterns_are_recognised(name, patient):
    rule = recognise_pattern([name])
    assert (rule.find(name) if rule else None) == patient


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
    rule = recognise_pattern(names)
    assert (rule is not None) is recognised
    if rule:
        assert rule.find("train/NORMAL/NORMAL2-IM-0115-0001.jpeg") == "IM-0115"


def test_no_names_no_pattern():
    assert recognise_pattern([]) is None


@pytest.mark.parametrize("pattern", ["(", "[a", "*x(y)", "(?P<a>x)(?P<a>y)"])
def test_invalid_expression_is_refused(pattern):
    with pytest.raises(UserError, match=f"not a valid regular expression: got {re.escape(repr(pattern))}"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"\d+_", "(?:person)", "", "paediatric"])
def test_expression_without_a_group_is_refused_and_shown_one(pattern):
    with pytest.raises(UserError, match=r"has no group.*\(\\d\+\)_.*paediatric_cxr"):
        compile_pattern(pattern)


ids = st.lists(st.text(min_size=1, max_size=12), max_size=40, unique=True)


@given(ids, st.binary(min_size=16, max_size=32))
@settings(deadline=None)
def test_pseudonyms_are_one_to_one_and_keep_nothing_of_the_id(patients, salt):
    pseudonyms = [make_pseudonym(patient, salt) for patient in patients]
    assert len(set(pseudonyms)) == len(patients)
    assert all(re.fullmatch("patient-[0-9a-f]{12}", pseudonym) for pseudonym in pseudonyms)
    assert pseudonyms == [make_pseudonym(patient, salt) for patient in patients]


def test_pseudonym_is_the_keyed_hash_of_rfc_2104():
    block = b"salt".ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + b"person12").digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()
    assert make_pseudonym("person12", b"salt") == f"patient-{outer[:12]}"


def test_another_salt_gives_other_pseudonyms():
    assert make_pseudonym("person12", make_salt()) != make_pseudonym("person12", make_salt())


def test_no_id_no_pseudonym():
    assert make_pseudonym("", b"salt") == ""


def test_ids_that_are_no_utf_8_have_pseudonyms():
    assert make_pseudonym("caf\udce9", b"salt").startswith("patient-")


@pytest.mark.parametrize(
    ("path", "patient"),
    [
        ("train/patient00001/study1/view1_frontal.jpg", "patient00001"),
        ("XR_WRIST/patient00006/study1_positive/image1.png", "patient00006"),
        ("files/p10/p10000032/s50414267/02aa804e.jpg", "p10000032"),
    ],
)
def test_folders_of_patients_above_those_of_studies_are_recognised(path, patient):
    assert recognise_pattern([path]).find(path) == patient


@pytest.mark.parametrize(
    ("pattern", "files", "expected"),
    [
        (r"^(case_\d+)_", [("case_07/case_07_1.png", "X")], "case_07"),  # the name, not the path
        (r"(patient\d+)", [("patient3/study1/view1.jpg", "X")], "patient3"),
        (r"^P-(\d+)", [("a/1.dcm", "P-17")], "17"),
        (r"(\d+)", [("2019/case_12.png", "")], "12"),  # both match: the name
        (r"(\d+)", [("p4/view.png", ""), ("p4/view2.png", "")], "4"),  # the path matches more often
    ],
)
def test_a_stated_pattern_is_compared_with_what_it_matches_most_often(pattern, files, expected):
    counter = PatternCounter(compile_pattern(pattern))
    for path, patient in files:
        counter.add(path, patient)
    rule = counter.recognise()
    assert rule.stated and rule.find(*files[0]) == expected


def test_ids_of_anonymisers_are_told_from_those_of_persons():
    assert find_placeholders(["Anon-ymous", "UNKNOWN", "n/a", "000", " ", "^^"]) == {
        *("Anon-ymous", "UNKNOWN", "n/a", "000", " ", "^^")
    }
    assert not find_placeholders(["000", "001", "P0", "LIDC-0001", "anonymous-17"])


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (
            [f"{n}_6c613a14b80a859{n % 2}_MG_R_CC_ANON.png" for n in range(20586900, 20586906)],
            {"6c613a14b80a8590", "6c613a14b80a8591"},
        ),
        ([f"mild/OAS1_000{n}_MR1_mpr-1_{k}.jpg" for n in (1, 2) for k in (100, 120)], {"OAS1_0001", "OAS1_0002"}),
        ([f"CNV/CNV-100{n}-{k}.jpeg" for n in (1, 2) for k in (1, 2)], {"CNV-1001", "CNV-1002"}),
        ([f"patient{n}_{side}.png" for n in (11, 12) for side in ("left", "right")], {"patient11", "patient12"}),
        ([f"{n}_{k}.png" for n in (101, 102) for k in (1, 2)], {"101", "102"}),
    ],
)
def test_ids_that_recur_in_file_names_are_told_with_the_pattern_that_reads_them(names, ids):
    found = RepeatedIds()
    for name in names:
        found.add(name)
    (line,) = found.tell()
    pattern = compile_pattern(line.split("'")[1])
    assert {extract_patient(pattern, name.rpartition("/")[2]) for name in names} == ids


@pytest.mark.parametrize(
    "name", ["ISIC_00{}.jpg", "covid{}.png", "COVID-{}.png", "benign ({}).png", "CHNCXR_{}_0.png", "a_2019031{}_1.png"]
)
def test_numbers_that_do_not_recur_and_dates_are_no_ids(name):
    found = RepeatedIds()
    for n in range(1, 9):
        found.add(name.format(n))
        found.add(f"p{n}/x_1_1.png", f"p{n}")
    assert not found.tell()
