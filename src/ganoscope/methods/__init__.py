"""One GAN per file: networks and objectives become phases. The folder is the registry.

A method's file provides `Config`, a frozen dataclass whose docstring cites the paper, and `build(config, spec) ->
Method`. It may also provide

- `check(config, store, spec)`, which raises UserError for a store that the method can't learn from,
- `DEFAULTS`, training options that suit it better than the general ones,
- `UNSUITED`, training options that must keep their general default, each with the reason,
- `TRANSLATES = True`, where it learns from images of two domains.

Adding a file adds the method to the command line, the docs and the contract tests. A dotted name loads a module of the
user's own.
"""

import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

from ganoscope.registry import list_modules, load_module

if TYPE_CHECKING:
    from ganoscope.contracts import ImageSpec, Method


class MethodModule(Protocol):
    """What a file in this folder provides."""

    Config: type[Any]

    def build(self, config: Any, spec: "ImageSpec") -> "Method":
        """Returns the method for such images; raises ValueError when it can't do their size."""
        ...


def available() -> dict[str, str]:
    """Returns the methods' names, each with its first line; imports none of them."""
    return list_modules(sys.modules[__name__])


def load(name: str) -> MethodModule:
    """Returns a method's module by its name or dotted name; raises UserError where there is none."""
    return cast(MethodModule, load_module(sys.modules[__name__], name, ("Config", "build")))
