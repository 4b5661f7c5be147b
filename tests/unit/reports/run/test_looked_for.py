"""The list of what was checked: every alarm that the sources can raise is named in a row of its origin."""

import ast
from pathlib import Path

import ganoscope
from ganoscope.reports.classifier.linked_alarms import SUBJECTS
from ganoscope.reports.run.looked_for import LOOKED_FOR, describe_checks

SOURCE = Path(ganoscope.__file__).parent
ORIGINS = {
    "explanation/answers.py": "classifier",
    "training/": "Training",
    "data/": "Data",
    "evaluate/fidelity/diversity.py": "Diversity",
    "explanation/": "Explanations",
    "reports/run/looked_for.py": "Explanations",
    "evaluate/counterfactual/set_checks.py": "Counterfactuals",
    "counterfactuals/": "Counterfactuals",
    "evaluate/classification/part_checks.py": "classifier",
}
ROWS = {
    **{origin: {code for check in checks for code in check.codes} for origin, checks in LOOKED_FOR.items()},
    "classifier": {f"{code}*" if code.endswith("_") else code for subject in SUBJECTS for code in subject.codes},
}


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
    """Yields (origin, file, code) of every alarm; origin None where the file is not known to raise any."""
    for file in sorted(SOURCE.rglob("*.py")):
        name = file.relative_to(SOURCE).as_posix()
        origin = next((origin for place, origin in ORIGINS.items() if name.startswith(place)), None)
        for code in sorted(find_codes(file.read_text(encoding="utf-8"))):
            yield origin, name, code


def is_named(code, rows):
    return code in rows or any(row.endswith("_*") and code.startswith(row[:-1]) for row in rows)


def test_every_alarm_is_named_in_the_list_of_what_was_checked():
    found = list(find_all_codes())
    assert len(found) > 40
    assert [one for one in found if one[0] is None or not is_named(one[2], ROWS[one[0]])] == []


def test_nothing_is_listed_that_no_source_can_raise():
    raised = {code for _, _, code in find_all_codes()}
    assert [
        code for checks in LOOKED_FOR.values() for check in checks for code in check.codes if code not in raised
    ] == []


def test_codes_are_found_in_calls_in_strings_with_holes_and_in_variables():
    lines = ('Alarm("plain", 1)', 'Alarm(f"of_{part}", 2)', 'code = f"one_{x}" if y else "other"', "Alarm(code, 3)")
    assert find_codes("\n".join([*lines, "Alarm(found.code, 4)"])) == {"plain", "of_*", "one_*", "other"}


def test_a_reader_sees_what_was_looked_for():
    data, training = describe_checks("Data"), describe_checks("Training")
    for words in ("without pixels", "urnt-in text or markers", "patients in several classes", "Fewer", "200 training"):
        assert words.lower() in data.lower()
    assert "not equally frequent" in training
    assert data.startswith("Patients or groups")
    assert data.endswith("not taken.")
