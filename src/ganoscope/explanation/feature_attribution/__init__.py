"""One explainer per file: which parts of an image raise a score. The folder is the registry.

An explainer's file provides `Config`, a frozen dataclass whose docstring cites the paper, and
`explain(network, images, target, config) -> Explanation`. Adding a file adds the explainer to the command line, the
docs and the contract tests. A dotted name loads a module of the user's own.
"""

import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol, cast

from ganoscope.errors import UserError
from ganoscope.registry import list_modules, load_stated

if TYPE_CHECKING:
    from ganoscope.contracts import Explainer


class ExplainerModule(Protocol):
    """What a file in this folder provides."""

    Config: type[Any]
    explain: "Explainer"


def available() -> dict[str, str]:
    """Returns the explainers' names, each with its first line; imports none of them."""
    return list_modules(sys.modules[__name__])


def load(name: str) -> ExplainerModule:
    """Returns an explainer's module by its name or dotted name.

    Raises:
        UserError: There is no such module, or it lacks an attribute.
    """
    return cast(ExplainerModule, load_stated(sys.modules[__name__], name, ("Config", "explain")))


def configure(module: ExplainerModule, layer: str | None) -> Any:
    """Returns an explainer's configuration for a layer; its default where none is named.

    Raises:
        UserError: A layer is named and the explainer has no such option.
    """
    if layer is None:
        return module.Config()
    if "layer" not in {field.name for field in fields(module.Config)}:
        raise UserError(f"--layer {layer}: this explainer does not take a layer. Leave --layer out.")
    return module.Config(layer=layer)
