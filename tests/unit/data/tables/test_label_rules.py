"""Classes from label columns: read as stated, refused with the remedy where their meaning is open, never guessed."""

import pytest

from ganoscope.data.tables.label_rules import (
    LEFT_OUT,
    NO_CLASS,
    SEVERAL,
    UNCERTAIN,
    LabelRule,
    parse_map,
    refuse_unclear,
)
from ganoscope.errors import UserError

PNEUMONIA = LabelRule(("finding_labels",), ("Finding Labels",), parse_map("Pneumonia=pneumonia,No Finding=normal,*="))
CODED = LabelRule(("edema",), ("Edema",), parse_map("1=edema,0=no_edema,-1=,blank=no_edema"), stated=True)
COLUMNS = LabelRule(("mel", "nv"), ("MEL", "NV"), {}, stated=True)


def read(rule, *cells):
    return rule.choose(rule.read(dict(zip(rule.columns, cells, strict=True))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pneumonia", ("pneumonia", "")),
        ("pneumonia|Effusion", ("pneumonia", "")),
        ("No Finding", ("normal", "")),
        ("Effusion|Mass", ("", LEFT_OUT)),
        ("Pneumonia|No Finding", ("", SEVERAL)),
        ("['Pneumonia', 'effusion']", ("pneumonia", "")),
        ("", ("", LEFT_OUT)),
    ],
)
def test_findings_become_the_classes_that_are_stated(text, expected):
    assert read(PNEUMONIA, text) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("1.0", ("edema", "")), ("0", ("no_edema", "")), ("-1.0", ("", LEFT_OUT)), ("", ("no_edema", ""))],
)
def test_codes_of_findings_mean_what_is_stated(code, expected):
    assert read(CODED, code) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1", "0"), ("MEL", "")),
        (("0.0", "1.0"), ("NV", "")),
        (("1", "1"), ("", SEVERAL)),
        (("0", ""), ("", NO_CLASS)),
        (("1", "-1"), ("", UNCERTAIN)),
        (("1", "maybe"), ("", "a value other than 1, 0, -1 or nothing in a column of findings")),
    ],
)
def test_a_column_per_finding_gives_the_one_that_is_present(cells, expected):
    assert read(COLUMNS, *cells) == expected


def test_values_that_are_not_named_keep_their_own():
    rule = LabelRule(("finding",), ("finding",), parse_map("Pneumonia/Viral/COVID-19=covid"))
    assert read(rule, "Pneumonia/Viral/COVID-19") == ("covid", "")
    assert read(rule, "No Finding") == ("No Finding", "")


def test_a_value_with_a_bar_can_be_named_as_a_whole():
    rule = LabelRule(("x",), ("x",), parse_map("a|b=both"))
    assert read(rule, "a|b") == ("both", "")


def test_several_findings_without_a_statement_are_refused_with_the_remedy():
    rule = LabelRule(("finding_labels",), ("Finding Labels",), {})
    sets = [frozenset(["No Finding"])] * 3 + [frozenset(["Mass", "Edema"])]
    with pytest.raises(UserError) as error:
        refuse_unclear(rule, sets, "Data_Entry_2017.csv")
    assert "1 of 4 images have several findings in column 'Finding Labels'" in str(error.value)
    assert "'No Finding' (3)" in str(error.value)
    assert '--map "No Finding=no_finding,' in str(error.value)


@pytest.mark.parametrize("codes", [("1", "0", "-1"), ("1.0", "")])
def test_codes_without_a_statement_are_refused_with_the_remedy(codes):
    rule = LabelRule(("edema",), ("Edema",), {}, stated=True)
    with pytest.raises(UserError, match=r"column .Edema. of t does not say.*--map \""):
        refuse_unclear(rule, [frozenset([code]) for code in codes], "t")


def test_plain_classes_0_and_1_are_classes():
    refuse_unclear(
        LabelRule(("label",), ("label",), {}, usual=True), [frozenset(["0"]), frozenset(["1"]), frozenset([""])], "t"
    )


def test_a_value_that_does_not_occur_is_refused_with_those_that_do():
    rule = LabelRule(("finding",), ("finding",), parse_map("covid=x"))
    with pytest.raises(UserError, match=r"does not hold: got 'covid'; allowed: 'COVID-19' \(2\), 'ARDS' \(1\)"):
        refuse_unclear(rule, [frozenset([text]) for text in ("COVID-19", "COVID-19", "ARDS")], "t")


@pytest.mark.parametrize("text", ["COVID-19", "a=b,a=c", "=,="])
def test_a_map_of_another_form_is_refused(text):
    with pytest.raises(UserError, match="--map is not understood"):
        parse_map(text)


def refuse_codes_of(codes, **traits):
    with pytest.raises(UserError) as error:
        refuse_unclear(LabelRule(("mel",), ("MEL",), {}, **traits), [frozenset([code]) for code in codes], "t")
    return str(error.value)


@pytest.mark.parametrize(
    ("codes", "traits", "example"),
    [
        (("1.0", "0.0"), {"stated": True}, "1=mel,0=no_mel"),
        (("1", "0"), {}, "1=mel,0=no_mel"),
        (("1.0", "0.0"), {"usual": True}, "1=mel,0=no_mel"),
        (("1", "0", "-1"), {"usual": True}, "1=mel,0=no_mel,-1="),
        (("1", ""), {"usual": True, "stated": True}, "1=mel,blank="),
    ],
)
def test_codes_are_never_class_names_by_guess_and_the_example_works(codes, traits, example):
    assert f'--map "{example}"' in refuse_codes_of(codes, **traits)
    rule = LabelRule(("mel",), ("MEL",), parse_map(example), **traits)
    refuse_unclear(rule, [frozenset([code]) for code in codes], "t")
    assert rule.choose(frozenset(codes[:1])) == ("mel", "")


def test_a_column_of_several_is_refused_with_all_of_them():
    message = refuse_codes_of(("1.0", "0.0"), stated=True, one_hot=("MEL", "NV", "BCC"))
    assert '--label-column "MEL,NV,BCC"' in message
    assert "one of several columns" not in refuse_codes_of(("1", "0"), stated=True, one_hot=("NV", "BCC"))


def test_an_example_for_several_columns_names_findings_and_works():
    rule = LabelRule(("a", "b"), ("Cardiomegaly", "Edema"), {}, stated=True)
    images = [rule.read({"a": a, "b": b}) for a, b in [("-1", "")] * 5 + [("1", "1"), ("1", ""), ("", "1.0")]]
    with pytest.raises(UserError) as error:
        refuse_unclear(rule, images, "t")
    example = str(error.value).split('--map "')[1].split('"')[0]
    assert example == "Cardiomegaly=cardiomegaly,Edema=edema,*="
    told = LabelRule(rule.columns, rule.names, parse_map(example), stated=True)
    refuse_unclear(told, images, "t")
    assert [told.choose(image) for image in images[4:]] == [
        ("", UNCERTAIN),
        ("", SEVERAL),
        ("cardiomegaly", ""),
        ("edema", ""),
    ]
