"""Modules of the user's own in tasks: a method or a classifier by its dotted name, identified by a hash of its source.

The hash is part of the frozen design of a study or a bank, and of the arguments of every task that may run the module.
So an edited module is another design, and no old result is taken for one of the new module.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ganoscope.errors import UserError
from ganoscope.registry import STATED, state_module

PREFIX = "module "
"""Before the name of a module among the hashes of a design."""


def hash_modules(names: Iterable[str]) -> dict[str, str]:
    """Returns the hashes of those names that are dotted, as the hashes of a design hold them; imports these modules.

    Raises:
        UserError: A module can't be imported, or has no source.
    """
    return {f"{PREFIX}{name}": hash_module(name) for name in names if "." in name}


def hash_module(name: str) -> str:
    """Returns the hash of a module's source file; of a package, of all its source files.

    Args:
        name: Dotted name that the user has given.

    Raises:
        UserError: It can't be imported, or has no source.
    """
    state_module(name)
    module = STATED[name]
    if not module.__file__:
        raise UserError(f"module {name} has no source file, so nothing tells whether it changes. Name a file's module.")
    path = Path(module.__file__)
    files = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path.parent).as_posix()}:{len(content)}\n".encode() + content)
    return digest.hexdigest()


def find_modules(hashes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Returns the argument `modules` of tasks that may run modules of the user's own; nothing where there are none.

    Args:
        hashes: Hashes of a design.
    """
    found = {name.removeprefix(PREFIX): digest for name, digest in hashes.items() if name.startswith(PREFIX)}
    return {"modules": found} if found else {}


def import_modules(modules: Mapping[str, str] | None) -> None:
    """Imports the modules of a design into the process of a task.

    Args:
        modules: Hash of each, by its name.

    Raises:
        UserError: One can't be imported, or is no longer that of the design.
    """
    for name, digest in (modules or {}).items():
        if hash_module(name) != digest:
            raise UserError(f"module {name} was edited since the design was frozen. Restore it.")
