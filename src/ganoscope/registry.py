"""The folder is the registry: which modules a package holds, read from its files, and one of them loaded by name."""

import ast
import importlib
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


def load_module(package: ModuleType, name: str, provides: Sequence[str]) -> ModuleType:
    """Returns a module of the package, or the user's own module by its dotted name.

    Args:
        package: Package that holds the modules.
        name: Name of a module in it, or a dotted name.
        provides: Attributes that the module must have.

    Raises:
        UserError: There is no such module, or it lacks an attribute.
    """
    kind = package.__name__.rsplit(".", 1)[-1]
    known = list_modules(package)
    if "." not in name and name not in known:
        raise UserError(
            f"nothing called {name} in {kind}; allowed: {', '.join(known)}, or the dotted name of your own module."
        )
    try:
        module = importlib.import_module(name if "." in name else f"{package.__name__}.{name}")
    except ModuleNotFoundError as error:
        raise UserError(f"{name} can't be imported: {error}. Is it on PYTHONPATH?") from None
    missing = [attribute for attribute in provides if not hasattr(module, attribute)]
    if missing:
        remedy = f"See the docstring of {package.__name__} for what it must provide."
        raise UserError(f"module {name} does not fit {kind}: it lacks {' and '.join(missing)}. {remedy}")
    return module


def load_all(package: ModuleType, provides: Sequence[str]) -> dict[str, ModuleType]:
    """Returns every module of the package by its name, in alphabetical order.

    Args:
        package: Package that holds the modules.
        provides: Attributes that each module must have.

    Raises:
        UserError: A module lacks an attribute.
    """
    return {name: load_module(package, name, provides) for name in list_modules(package)}
