"""Tests mirror the source: every module has its test at the same path, or a line in `covered_elsewhere.txt`.

A line is `MODULE -> TEST`: a module of src/ganoscope, in which `*` stands for every file of a registry, and the test
that covers it. Empty lines and those that begin with # are skipped.
"""

from fnmatch import fnmatchcase

import pytest
from tests.fixtures.source import FILES, ROOT, SOURCE, UNIT, follow_imports, is_stub, name_file

LIST = ROOT / "tests" / "architecture" / "covered_elsewhere.txt"
LINES = [
    [part.strip().removeprefix("src/ganoscope/") for part in line.split("->")]
    for line in LIST.read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
MODULES = [file for file in FILES if not is_stub(file) and file.name != "__main__.py"]  # that one runs as a process


def list_mirrors(file):
    """Returns the paths at which the test of a module may lie."""
    relative = file.relative_to(SOURCE)
    folder = UNIT / relative.parent
    if relative.name != "__init__.py":
        return [folder / f"test_{relative.stem.lstrip('_')}.py"]
    name = relative.parent.name or "public_names"
    return [folder / "test_init.py", folder / f"test_{name}.py", folder.parent / f"test_{name}.py"]


def has_mirror(file):
    return any(path.is_file() for path in list_mirrors(file))


def reaches(test, file):
    """Tells whether a test imports a module, directly or through what it imports."""
    return file in follow_imports(test)


def test_every_module_has_a_test_of_its_own_or_a_line():
    listed = [module for module, _ in LINES]
    missing = [
        name_file(file)
        for file in MODULES
        if not has_mirror(file) and not any(fnmatchcase(name_file(file), module) for module in listed)
    ]
    assert missing == [], f"give these a test at the mirrored path, or a line in {LIST.name}"


@pytest.mark.parametrize(("module", "test"), LINES)
def test_every_line_is_needed_and_true(module, test):
    covered = [file for file in MODULES if fnmatchcase(name_file(file), module)]
    assert covered, "there is no such module"
    assert not all(has_mirror(file) for file in covered), "it has a test of its own: remove the line"
    assert (ROOT / test).is_file(), "there is no such test"
    unreached = [name_file(file) for file in covered if not reaches(ROOT / test, file)]
    assert unreached == [], "the test does not import these, nor anything that imports them"
