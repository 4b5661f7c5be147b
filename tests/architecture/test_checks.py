"""Every alarm that the sources can raise belongs to a declared check of its room, and every declared code is raised."""

import ast
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

import ganoscope
import ganoscope.counterfactuals.checks
import ganoscope.data.checks
import ganoscope.evaluate.classification.external_checks
import ganoscope.evaluate.classification.split_checks
import ganoscope.evaluate.counterfactual.set_checks
import ganoscope.evaluate.fidelity.diversity
import ganoscope.explanation.answers
import ganoscope.explanation.checks
import ganoscope.training.checks
from ganoscope.alarms import LAST

SOURCE = Path(ganoscope.__file__).parent
FOLDERS = {
    "data/": ganoscope.data.checks.CHECKS,
    "training/": ganoscope.training.checks.CHECKS,
    "explanation/checks/": ganoscope.explanation.checks.CHECKS,
}
"""Checks by the place of the files that raise their alarms, where a folder is the registry."""
ROOMS = {
    **FOLDERS,
    "evaluate/fidelity/": ganoscope.evaluate.fidelity.diversity.CHECKS,
    "evaluate/classification/": ganoscope.evaluate.classification.split_checks.CHECKS
    + ganoscope.evaluate.classification.external_checks.OF_TRANSFER,
    "evaluate/counterfactual/": ganoscope.evaluate.counterfactual.set_checks.CHECKS,
    "counterfactuals/": ganoscope.counterfactuals.checks.CHECKS,
    "explanation/answers.py": ganoscope.explanation.answers.CHECKS,
}


def read_code(node):
    """Returns a string of the source, with `*` for what is filled in."""
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)


def find_codes(text):
    """Returns the codes in all calls of `Alarm`, also those that a variable `code` holds."""
    nodes = list(ast.walk(ast.parse(text)))
    calls = [
        node.args[0] for node in nodes if isinstance(node, ast.Call) and node.args and is_named(node.func, "Alarm")
    ]
    assigned = [node.value for node in nodes if isinstance(node, ast.Assign) and is_named(node.targets[0], "code")]
    held = any(is_named(call, "code") for call in calls)
    chosen = [part for value in assigned for part in (value.body, value.orelse)] if held else []
    return {read_code(node) for node in (*calls, *chosen) if isinstance(node, ast.Constant | ast.JoinedStr)}


def is_named(node, name):
    return isinstance(node, ast.Name) and node.id == name


@cache
def read_sources():
    """Returns the codes that every file raises, by its path; a file without any is left out."""
    files = {file.relative_to(SOURCE).as_posix(): file for file in sorted(SOURCE.rglob("*.py"))}
    found = {name: find_codes(file.read_text(encoding="utf-8")) for name, file in files.items()}
    return {name: codes for name, codes in found.items() if codes}


def find_raised(place):
    """Returns the codes that are raised at one place, by file."""
    return {name: codes for name, codes in read_sources().items() if name.startswith(place)}


def fits(code, declared):
    """Tells whether a code in the source and a declared one, each of which may have `*`, can be the same."""
    return fnmatchcase(code, declared) or fnmatchcase(declared, code)


@pytest.mark.parametrize("place", ROOMS)
def test_every_alarm_belongs_to_a_check(place):
    checks = ROOMS[place]
    found = [(name, code) for name, codes in find_raised(place).items() for code in codes]
    assert found
    assert [
        (name, code) for name, code in found if not any(fits(code, other) for check in checks for other in check.codes)
    ] == []


@pytest.mark.parametrize("place", ROOMS)
def test_every_declared_code_is_raised(place):
    raised = {code for codes in find_raised(place).values() for code in codes}
    declared = {pattern for check in ROOMS[place] for pattern in check.codes}
    assert {pattern for pattern in declared if not any(fits(code, pattern) for code in raised)} == set()


@pytest.mark.parametrize("place", ROOMS)
def test_checks_are_described_and_declare_no_code_twice(place):
    checks = ROOMS[place]
    codes = [code for check in checks for code in check.codes]
    assert len(set(codes)) == len(codes)
    for check in checks:
        assert check.codes
        assert check.looks_for
        assert check.looks_for[0].islower(), check.looks_for
        assert not check.looks_for.endswith("."), check.looks_for
        assert len(check.titles) == (len(check.codes) if len(check.codes) > 1 else 0), check.looks_for


@pytest.mark.parametrize("place", FOLDERS)
def test_ranks_are_unique_so_that_alarms_keep_their_order(place):
    ranks = [check.rank for check in FOLDERS[place]]
    ranked = [rank for rank in ranks if rank != LAST]  # checks without a rank follow, by the names of their files
    assert ranked == sorted(set(ranked)) == ranks[: len(ranked)]


def test_codes_are_found_in_calls_in_strings_with_holes_and_in_variables():
    lines = ('Alarm("plain", 1)', 'Alarm(f"of_{part}", 2)', 'code = f"one_{x}" if y else "other"', "Alarm(code, 3)")
    assert find_codes("\n".join([*lines, "Alarm(found.code, 4)"])) == {"plain", "of_*", "one_*", "other"}
