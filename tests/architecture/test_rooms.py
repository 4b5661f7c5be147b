"""Rooms keep to themselves: reports are made last, and training asks for declared traits instead of probing."""

import ast

import pytest
from tests.fixtures.source import FILES, SOURCE, list_imports, name_file, parse

MAY_IMPORT_REPORTS = ("workflows/", "cli/", "reports/")


def test_reports_are_imported_by_workflows_and_commands_alone():
    others = [name_file(file) for file in FILES if not name_file(file).startswith(MAY_IMPORT_REPORTS)]
    assert [
        name for name in others if any(module.startswith("ganoscope.reports") for module in list_imports(SOURCE / name))
    ] == []


DECLARED = ("training/", "methods/", "generation/", "counterfactuals/", "classifiers/", "contracts.py")
"""Where contracts say what an object has, so that nothing needs to be tried."""
PROBES: dict[str, int] = {}
"""Files that may probe, and how often: may only shrink."""


def probes(call):
    """Tells whether a call asks for a literal attribute that may be missing."""
    name = ast.unparse(call.func)
    literal = len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    return literal and (name == "hasattr" or (name == "getattr" and len(call.args) == 3))


def test_traits_are_declared_not_probed():
    found = {}
    for file in FILES:
        if name_file(file).startswith(DECLARED):
            calls = [node for node in ast.walk(parse(file)) if isinstance(node, ast.Call) and probes(node)]
            found[name_file(file)] = len(calls)
    assert {name: count for name, count in found.items() if count > PROBES.get(name, 0)} == {}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("hasattr(method, 'classes')", True),
        ("getattr(method, 'classes', 0)", True),
        ("getattr(config, name)", False),
        ("getattr(config, name, None)", False),
        ("getattr(config, 'size')", False),
    ],
)
def test_probes_are_told_from_declared_access(call, expected):
    assert probes(ast.parse(call, mode="eval").body) is expected
