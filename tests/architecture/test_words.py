"""Words in messages: a plural has no brackets, and a split of a store is called so."""

import ast
import re
from pathlib import Path

import pytest

import ganoscope

SOURCE = Path(ganoscope.__file__).parent
BRACKETS = re.compile(r"[a-z]\((?:s|es)\)")
PARTS = re.compile(r"\b(?:train|training|validation|test|held-out) parts?\b")


def list_texts(code):
    """Returns the strings of a module, docstrings included."""
    nodes = ast.walk(ast.parse(code))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize(("words", "remedy"), [(BRACKETS, "errors.write_count"), (PARTS, "the word split")])
def test_no_text_uses_forbidden_words(words, remedy):
    files = sorted(SOURCE.rglob("*.py"))
    texts = [
        (file.relative_to(SOURCE).as_posix(), text) for file in files for text in list_texts(file.read_text("utf-8"))
    ]
    found = [(name, match[0]) for name, text in texts if (match := words.search(text))]
    assert not found, f"use {remedy}"


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (BRACKETS, "3 file(s)", True),
        (BRACKETS, "process(es)", True),
        (BRACKETS, "f(s) = s", True),
        (BRACKETS, "files (see below)", False),
        (PARTS, "the test part has", True),
        (PARTS, "parts of the body", False),
    ],
)
def test_words_are_recognised(words, text, found):
    assert bool(words.search(text)) is found
