"""Documentation is complete: arguments, errors and shapes are named, and nothing begins with a fragment.

Every rule has a budget, the number of places that break it: it may only shrink.
"""

import ast
import re
from collections import Counter

import pytest
from tests.fixtures.source import FILES, list_definitions, name_file, parse

BUDGETS = {
    "documented": 0,
    "arguments": 0,
    "raises": 0,
    "shapes": 0,
    "fragments": 0,
}

ARRAYS = re.compile(r"\b(Tensor|NDArray|Array|Mask|Values)\b")
SHAPE = re.compile(
    r"\b[Ss]hapes?\b|\b[Ss]calars?\b"  # in words
    r"|\((?:[A-Z]\w{0,2}|\d+|size|count|height|len\(\w+\))(?: [+x*] \w+)?,[^()]*\)"  # as a tuple: (B, C, H, W), (N,)
)
FRAGMENT = re.compile(r"^\s*(?:[\w.]+(?: \([^)]*\))?: )?Of\b", re.MULTILINE)


def is_public(name):
    return not any(part.startswith("_") for part in name.split("."))


def list_parameters(function):
    arguments = function.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    return [argument for argument in every if argument.arg not in ("self", "cls")]


def takes_arrays(function):
    annotations = [argument.annotation for argument in list_parameters(function)] + [function.returns]
    return any(ARRAYS.search(ast.unparse(annotation)) for annotation in annotations if annotation)


def raises(function):
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(function))


def list_faults(node):
    """Yields the rules that a function or class breaks."""
    text = ast.get_docstring(node) or ""
    if not text:
        yield "documented"
    if not isinstance(node, ast.FunctionDef):
        return
    if len(list_parameters(node)) >= 3 and "Args:" not in text:
        yield "arguments"
    if raises(node) and "Raises:" not in text:
        yield "raises"
    if takes_arrays(node) and not SHAPE.search(text):
        yield "shapes"


def list_strings(tree):
    """Yields docstrings, and the strings below fields and constants, which are their documentation and option help."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.lineno, node.value.value


def find_all():
    found = {rule: [] for rule in BUDGETS}
    for file in FILES:
        for name, node in list_definitions(file):
            if is_public(name):
                for rule in list_faults(node):
                    found[rule].append(f"{name_file(file)}:{node.lineno} {name}")
        for line, text in list_strings(parse(file)):
            found["fragments"] += [f"{name_file(file)}:{line}" for _ in FRAGMENT.finditer(text)]
    return found


FOUND = find_all()


@pytest.mark.parametrize("rule", BUDGETS)
def test_documentation_is_complete(rule):
    places = FOUND[rule]
    rooms = Counter(place.split("/")[0] if "/" in place else "root" for place in places)
    assert len(places) <= BUDGETS[rule], f"{rule}, by room: {dict(rooms)}\n" + "\n".join(places)


@pytest.mark.parametrize("rule", BUDGETS)
def test_no_budget_is_larger_than_needed(rule):
    assert BUDGETS[rule] <= len(FOUND[rule]) + 20, f"{rule}: lower the budget to {len(FOUND[rule])}"


EXAMPLES = {
    'def f(a, b, c):\n    """Returns a number."""': ["arguments"],
    'def f(x: Tensor) -> float:\n    """Returns the mean."""': ["shapes"],
    'def f(x: Tensor) -> float:\n    """Returns the mean of images (B, 1, H, W)."""': [],
    'def f(x: Tensor) -> float:\n    """Returns the mean of values, any shape."""': [],
    'def f(x):\n    """Returns x (never, if x is negative)."""\n    raise ValueError(x)': ["raises"],
    'def f(x):\n    """Returns x.\n\n    Raises:\n        ValueError: Always.\n    """\n    raise ValueError(x)': [],
    "class A:\n    pass": ["documented"],
}


@pytest.mark.parametrize(("code", "rules"), EXAMPLES.items())
def test_rules_find_what_they_are_for(code, rules):
    assert list(list_faults(ast.parse(code).body[0])) == rules


@pytest.mark.parametrize(
    ("text", "found"),
    [("Of everything random.", 1), ("Args:\n    seed: Of the run.", 1), ("Mean of all.\n\nOffset: 3.", 0)],
)
def test_fragments_are_recognised(text, found):
    assert len(FRAGMENT.findall(text)) == found
