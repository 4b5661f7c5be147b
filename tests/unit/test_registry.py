"""The registry: a file in the folder is enough to be found; what does not fit is refused in words."""

import importlib
import sys

import pytest

from ganoscope import methods
from ganoscope.errors import UserError
from ganoscope.registry import STATED, list_modules, load_all, load_module, load_stated, state_module

FILES = {
    "__init__.py": '"""The package."""\n',
    "good.py": '"""First line.\n\nMore.\n"""\nConfig = 1\ndef build(): ...\n',
    "bare.py": "Config = 1\n",
    "explosive.py": '"""Explodes when imported."""\nraise RuntimeError("imported")\n',
    "needy.py": '"""Needs what is not there."""\nimport no_such_library_anywhere\n',
    "_private.py": '"""Not for users."""\n',
    "notes.txt": "no module",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "plugins_for_test"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content)
    (tmp_path / "own_plugin_for_test").mkdir()
    (tmp_path / "own_plugin_for_test" / "mine.py").write_text("Config = 2\nbuild = None\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("plugins_for_test")
    for name in [name for name in sys.modules if name.startswith(("plugins_for_test", "own_plugin_for_test"))]:
        del sys.modules[name]
        STATED.pop(name, None)


def test_modules_are_listed_with_their_first_line_without_being_imported(package):
    assert list_modules(package) == {
        "bare": "",
        "explosive": "Explodes when imported.",
        "good": "First line.",
        "needy": "Needs what is not there.",
    }
    assert "plugins_for_test.good" not in sys.modules


def test_new_file_is_found_at_once(package, tmp_path):
    (tmp_path / "plugins_for_test" / "newcomer.py").write_text('"""Just arrived."""\n')
    assert list_modules(package)["newcomer"] == "Just arrived."


def test_module_is_loaded_by_its_name(package):
    assert load_module(package, "good", ("Config", "build")).__name__ == "plugins_for_test.good"


def test_module_of_the_users_own_is_loaded_by_its_dotted_name(package):
    assert load_stated(package, "own_plugin_for_test.mine", ("Config", "build")).Config == 2


def test_a_file_may_name_a_module_of_the_users_own_only_after_the_user_has(package):
    name = "own_plugin_for_test.mine"
    with pytest.raises(UserError, match=r"no file may name code.*ganoscope --module own_plugin_for_test\.mine COMMAND"):
        load_module(package, name, ("Config",))
    assert name not in sys.modules
    state_module(name)
    assert load_module(package, name, ("Config",)).Config == 2


def test_a_module_is_also_looked_for_in_the_working_directory_and_only_for_that_import(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_plugin_for_test").mkdir()
    (tmp_path / "own_plugin_for_test" / "here.py").write_text("Config = 3\n")
    (tmp_path / "json.py").write_text("raise RuntimeError('shadows the standard library')\n")
    before = list(sys.path)
    state_module("own_plugin_for_test.here")
    assert STATED.pop("own_plugin_for_test.here").Config == 3
    assert sys.path == before


@pytest.mark.parametrize("name", ["goood", "_private", "notes", "__init__", "", "good/x"])
def test_unknown_name_is_refused_with_the_known_ones(package, name):
    with pytest.raises(
        UserError, match=r"nothing called .* in plugins_for_test; allowed: bare, explosive, good, needy"
    ):
        load_module(package, name, ())


def test_everything_that_a_module_lacks_is_named_at_once(package):
    with pytest.raises(UserError, match="bare does not fit plugins_for_test: it lacks build and explain"):
        load_module(package, "bare", ("Config", "build", "explain"))


@pytest.mark.parametrize("name", ["no_such_package_anywhere.module", "own_plugin_for_test.missing", ".json", "a..b"])
def test_dotted_name_that_leads_nowhere_is_refused(package, name):
    with pytest.raises(UserError, match=r"can't be imported.*PYTHONPATH"):
        load_stated(package, name, ())


def test_missing_library_of_a_module_is_named(package):
    with pytest.raises(UserError, match="needy can't be imported: No module named 'no_such_library_anywhere'"):
        load_module(package, "needy", ())


def test_fault_inside_a_module_is_not_hidden(package):
    with pytest.raises(RuntimeError, match="imported"):
        load_module(package, "explosive", ())


def test_all_modules_of_a_folder_are_loaded_by_name():
    modules = load_all(methods, ("Config", "build"))
    assert list(modules) == sorted(list_modules(methods))
    with pytest.raises(UserError, match="it lacks nothing_of_that_name"):
        load_all(methods, ("nothing_of_that_name",))


def test_a_users_own_method_without_traits_is_refused_with_a_hint(package):
    with pytest.raises(
        UserError, match=r"mine does not fit methods: it lacks TRAITS\. See the docstring of ganoscope\.m"
    ):
        load_stated(methods, "own_plugin_for_test.mine", ("Config", "TRAITS", "build"))
