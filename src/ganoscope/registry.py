"""The folder is the registry: which modules a package holds, read from its files, and one of them loaded by name.

Names come from two places. The user's (the command line, an argument in Python) may be the dotted name of a module of
the user's own: `load_stated`. Those in files are looked up among what is registered, or was named by the user before:
`load_module`.
"""

import ast
import importlib
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from ganoscope.errors import UserError


def list_modules(package: ModuleType) -> dict[str, str]:
    """Returns the names of a package's modules with the first line of their docstrings; imports none of them."""
    files = sorted(Path(package.__path__[0]).glob("[!_]*.py"))
    return {file.stem: read_first_line(file) for file in files}


@cache
def read_first_line(file: Path) -> str:
    """Returns the first line of a module's docstring."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    return docstring.splitlines()[0] if docstring else ""


STATED: dict[str, ModuleType] = {}
"""Modules of the user's own by dotted name: those that the user has named, as opposed to a file."""


def state_module(name: str) -> None:
    """Imports a module of the user's own, so that files may name it from now on; does nothing for a name without dots.

    Only names that the user gives may come here: on the command line, or as an argument in Python. The module is looked
    for on Python's path and, after it, in the working directory.

    Raises:
        UserError: There is no such module.
    """
    if "." not in name or name in STATED:
        return
    sys.path.append(str(Path.cwd()))
    try:
        STATED[name] = importlib.import_module(name)
    except (ImportError, TypeError, ValueError) as error:  # the latter two for names such as .x
        raise UserError(f"{name} can't be imported: {error}. Is it on PYTHONPATH?") from None
    finally:
        sys.path.pop()


def load_stated(package: ModuleType, name: str, provides: Sequence[str]) -> ModuleType:
    """Returns a module of the package, or the user's own by its dotted name; for names that the user gives.

    Args:
        package: Package that holds the modules.
        name: Name of a module in it, or a dotted name.
        provides: Attributes that the module must have.

    Raises:
        UserError: There is no such module, or it lacks an attribute.
    """
    state_module(name)
    return load_module(package, name, provides)


def load_module(package: ModuleType, name: str, provides: Sequence[str]) -> ModuleType:
    """Returns a module of the package, or one of the user's own that the user has named; for names read from files.

    Nothing else is imported: a file may come from someone else, and a module is code.

    Args:
        package: Package that holds the modules.
        name: Name of a module in it, or a dotted name that was given to `state_module` before.
        provides: Attributes that the module must have.

    Raises:
        UserError: There is no such module, or it lacks an attribute.
    """
    kind = package.__name__.rsplit(".", 1)[-1]
    if name in STATED:
        module = STATED[name]
    elif name in list_modules(package):
        module = import_registered(package, name)
    else:
        raise UserError(describe_unknown(package, name))
    missing = [attribute for attribute in provides if not hasattr(module, attribute)]
    if missing:
        remedy = f"See the docstring of {package.__name__} for what it must provide."
        raise UserError(f"module {name} does not fit {kind}: it lacks {' and '.join(missing)}. {remedy}")
    return module


def import_registered(package: ModuleType, name: str) -> ModuleType:
    """Returns a module of the package.

    Raises:
        UserError: A library that it needs is not installed.
    """
    try:
        return importlib.import_module(f"{package.__name__}.{name}")
    except ModuleNotFoundError as error:
        raise UserError(f"{name} can't be imported: {error}. Is it on PYTHONPATH?") from None


def describe_unknown(package: ModuleType, name: str) -> str:
    """Returns the refusal of a name that is not registered, with the remedy for a dotted one."""
    kind, allowed = package.__name__.rsplit(".", 1)[-1], ", ".join(list_modules(package))
    if "." not in name:
        return f"nothing called {name} in {kind}; allowed: {allowed}, or the dotted name of your own module."
    return (
        f"a file names the module {name}, which is not one of {kind} ({allowed}), and no file may name code to run. If "
        f"the module is yours, name it yourself: ganoscope --module {name} COMMAND ..., or in Python "
        f'ganoscope.registry.state_module("{name}").'
    )


def load_all(package: ModuleType, provides: Sequence[str]) -> dict[str, ModuleType]:
    """Returns every module of the package by its name, in alphabetical order.

    Args:
        package: Package that holds the modules.
        provides: Attributes that each module must have.

    Raises:
        UserError: A module lacks an attribute.
    """
    return {name: load_module(package, name, provides) for name in list_modules(package)}
