"""Estimates are found anywhere in results, and listed side by side."""

import pytest

from ganoscope.reports.kit.estimates import MAX_ROWS, find_estimates, tabulate_estimates, write_estimate

ONE = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 10}
TEXT = "0.500 (0.250 to 0.750), n\N{NO-BREAK SPACE}10"


def test_estimates_are_found_in_lists_and_below_any_name():
    content = {"a": {"b_c": ONE}, "list": [1, {"mean": 1, "low": 0, "high": 2}], "text": "low", "none": None}
    assert [path for path, _ in find_estimates(content)] == [("a", "b c"), ("list", "2")]


def test_of_a_curve_the_last_point_is_shown():
    assert [path for path, _ in find_estimates({"curve": dict.fromkeys("abcd", ONE)})] == [("curve", "d")]
    assert len(list(find_estimates({"few": dict.fromkeys("abc", ONE)}))) == 3


def test_sets_of_images_stand_side_by_side():
    results = {"auroc": ONE, "sets": {"real": {"share": ONE}, "generated": {"share": ONE}}}
    about_all, by_set = tabulate_estimates(results, "Key statistics")
    assert about_all.header == ("Quantity", "Value")
    assert about_all.rows == (("auroc", TEXT),)
    assert by_set.header == ("Quantity", "Real", "Generated")
    assert by_set.rows == (("share", TEXT, TEXT),)
    assert by_set.caption.startswith("Key statistics by set of images: mean (95% interval)")


def test_a_measurement_is_named_by_its_file():
    (table,) = tabulate_estimates({"kernel distance": {"value": ONE, "floor": ONE, "better": "lower"}}, "Others")
    assert [row[0] for row in table.rows] == ["kernel distance", "kernel distance · floor"]


def test_a_long_table_says_where_the_rest_is():
    many = {f"m{number}": {"x": ONE} for number in range(MAX_ROWS + 5)}
    (table,) = tabulate_estimates(many, "All", "all.json")
    assert len(table.rows) == MAX_ROWS
    assert table.caption.endswith(f"The first {MAX_ROWS} of {MAX_ROWS + 5}; the others are in all.json.")


@pytest.mark.parametrize("value", [None, float("nan")])
def test_an_estimate_without_a_value_is_none(value):
    assert write_estimate({**ONE, "value": value}) == "none, n\N{NO-BREAK SPACE}10"


def test_nothing_is_tabulated_where_there_is_none():
    assert tabulate_estimates([], "Nothing") == ()
