"""A verb is one workflow, one command, one page and one end-to-end test, all of its name."""

import ast

import pytest
from tests.fixtures.source import ROOT, SOURCE, list_definitions, parse

import ganoscope

VERBS = sorted(file.stem for file in (SOURCE / "workflows").glob("[!_]*.py"))
PAGES = ROOT / "docs" / "verbs"
LONGEST_LINES = 130
"""Lines that fit on a screen, or nearly: a workflow reads like a table of contents."""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_command_an_end_to_end_test_and_a_public_function(verb):
    assert (SOURCE / "cli" / f"{verb}.py").is_file()
    assert (ROOT / "tests" / "end_to_end" / f"test_{verb}.py").is_file()
    assert verb in ganoscope.__all__
    assert f"{verb.capitalize()}Config" in ganoscope.__all__
    functions = [name for name, node in list_definitions(SOURCE / "workflows" / f"{verb}.py")]
    assert verb in functions


@pytest.mark.skipif(not PAGES.is_dir(), reason="pages are not divided by verb")
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page(verb):
    assert (PAGES / f"{verb}.md").is_file()


def test_every_command_is_a_verb():
    assert sorted(file.stem for file in (SOURCE / "cli").glob("[!_]*.py")) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_workflows_fit_on_a_screen_and_hold_no_state(verb):
    file = SOURCE / "workflows" / f"{verb}.py"
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_LINES
    classes = [node for node in parse(file).body if isinstance(node, ast.ClassDef)]  # configurations and results
    assert all("dataclass(frozen=True)" in map(ast.unparse, node.decorator_list) for node in classes)
