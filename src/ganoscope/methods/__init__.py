"""One GAN per file: networks and objectives become phases. The folder is the registry.

A method's file provides (`contracts.MethodModule`)

- `Config`, a frozen dataclass of hyper-parameters whose docstring cites the paper,
- `TRAITS`, a `contracts.Traits`: whether it translates, training options that suit it, a check of the store, and more,
- `build(config, spec)`, which returns the method (`contracts.Method`).

Adding a file adds the method to the command line, the docs and the contract tests. A dotted name that
the user gives loads a module of the user's own; one that a file gives is refused.
"""

import sys
from typing import TYPE_CHECKING, cast

from ganoscope.registry import list_modules, load_module

if TYPE_CHECKING:
    from ganoscope.contracts import MethodModule


def available() -> dict[str, str]:
    """Returns the methods' names, each with the first line of its docstring; imports none of them."""
    return list_modules(sys.modules[__name__])


def load(name: str) -> "MethodModule":
    """Returns a method's module by its name, or by the dotted name of a module that the user has named.

    Raises:
        UserError: There is no such module, or it lacks `Config`, `TRAITS` or `build`.
    """
    return cast("MethodModule", load_module(sys.modules[__name__], name, ("Config", "TRAITS", "build")))
