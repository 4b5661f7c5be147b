"""The list of what was checked: every alarm that the sources can raise is described by the check that raises it."""

import ast
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import ganoscope
from ganoscope.alarms import run_checks
from ganoscope.evaluate.classification import external_checks, split_checks
from ganoscope.explanation import answers
from ganoscope.reports.run.looked_for import LOOKED_FOR, ORIGIN_CHECK, Results, describe_checks

SOURCE = Path(ganoscope.__file__).parent
ORIGINS = {
    "training/": ("Training",),
    "data/": ("Data",),
    "evaluate/fidelity/diversity.py": ("Diversity",),
    "explanation/checks/": ("Explanations",),
    "evaluate/counterfactual/set_checks.py": ("Counterfactuals",),
    "counterfactuals/": ("Counterfactuals",),
    "classifiers/": ("Classifiers",),
    "audits/": ("Audits",),
    "reports/run/looked_for.py": ("Explanations", "Counterfactuals", "Audits"),
}
OF_CLASSIFIERS = {
    "evaluate/classification/split_checks.py": split_checks.CHECKS,
    "evaluate/classification/external_checks.py": external_checks.CHECKS,
    "explanation/answers.py": answers.CHECKS,
}
"""Checks whose alarms are shown on the page of a classifier."""


def read_code(node):
    """Returns a string of the source, with `*` for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)


def find_codes(text):
    """Returns the codes in all calls of `Alarm`, also those that a variable `code` holds."""
    nodes = list(ast.walk(ast.parse(text)))
    calls = [node.args[0] for node in nodes if isinstance(node, ast.Call) and node.args and is_alarm(node.func)]
    assigned = [node.value for node in nodes if isinstance(node, ast.Assign) and names_code(node.targets[0])]
    chosen = [part for value in assigned for part in (value.body, value.orelse)] if any(map(names_code, calls)) else []
    return {read_code(node) for node in (*calls, *chosen) if isinstance(node, ast.Constant | ast.JoinedStr)}


def is_alarm(function):
    return isinstance(function, ast.Name) and function.id == "Alarm"


def names_code(node):
    return isinstance(node, ast.Name) and node.id == "code"


def find_all_codes():
    """Returns (file, code) of every alarm in the sources."""
    files = {file.relative_to(SOURCE).as_posix(): file for file in sorted(SOURCE.rglob("*.py"))}
    return [(name, code) for name, file in files.items() for code in find_codes(file.read_text(encoding="utf-8"))]


def list_origins(name):
    return next((origins for place, origins in ORIGINS.items() if name.startswith(place)), ())


def test_every_alarm_is_described_where_the_report_lists_it():
    found = find_all_codes()
    assert len(found) > 40
    for name, code in found:
        lists = [OF_CLASSIFIERS[name]] if name in OF_CLASSIFIERS else [LOOKED_FOR[one] for one in list_origins(name)]
        assert lists, f"{name} raises {code}: which part of the report lists it?"
        for checks in lists:
            assert any(fits(code, pattern) for check in checks for pattern in check.codes), (name, code)


def test_nothing_is_listed_that_no_source_can_raise():
    raised = {code for _, code in find_all_codes()}
    rooms = (*LOOKED_FOR.values(), *OF_CLASSIFIERS.values())
    declared = {code for checks in rooms for check in checks for code in check.codes}
    assert {pattern for pattern in declared if not any(fits(code, pattern) for code in raised)} == set()


def fits(code, pattern):
    """Tells whether the code of a source, with `*` for what is filled in, may be the one that a check declares."""
    return fnmatchcase(code, pattern) or fnmatchcase(pattern, code)


def test_codes_are_found_in_calls_in_strings_with_holes_and_in_variables():
    lines = ('Alarm("plain", 1)', 'Alarm(f"of_{part}", 2)', 'code = f"one_{x}" if y else "other"', "Alarm(code, 3)")
    assert find_codes("\n".join([*lines, "Alarm(found.code, 4)"])) == {"plain", "of_*", "one_*", "other"}


@pytest.mark.parametrize("origin", LOOKED_FOR)
def test_a_reader_sees_everything_that_was_looked_for_with_its_limit(origin):
    sentence = describe_checks(origin)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    for check in LOOKED_FOR[origin]:
        assert check.description.lower() in sentence.lower()


def test_data_are_searched_for_what_misleads_most():
    for words in ("burnt-in text or markers", "patients in several classes", "fewer than 200", "not taken"):
        assert words in describe_checks("Data").lower()


@pytest.mark.parametrize(
    ("sha", "seen", "origin"), [("b", 160, "at 160 images"), (None, None, "from unrecorded weights")]
)
def test_results_of_other_weights_raise_an_alarm(sha, seen, origin):
    results = Results("explanations", "explain", seen, sha, "a")
    (alarm,) = run_checks((ORIGIN_CHECK,), results)
    assert alarm.code == "explanations_of_other_weights"
    assert f"made {origin}" in alarm.message


def test_results_of_the_same_weights_raise_none():
    assert run_checks((ORIGIN_CHECK,), Results("explanations", "explain", 160, "a", "a")) == []
