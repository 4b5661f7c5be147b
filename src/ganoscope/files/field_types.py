"""Gives the fields of a configuration the types that its dataclass states, or says which values can't have them.

The command line reads every option by its type. From Python, `size="64"` or `size=64.5` would otherwise be an error far
from its cause, or none at all.
"""

from collections.abc import Mapping
from dataclasses import fields
from os import PathLike, fspath
from typing import Any, get_type_hints

import numpy as np

from ganoscope.errors import UserError, refuse
from ganoscope.files.records import MisfitError, convert


def fit_fields(config: object) -> None:
    """Converts fields in place: a text to a path, a list to a tuple, a NumPy number to a Python one.

    Args:
        config: A dataclass; called at the beginning of its `__post_init__`.

    Raises:
        UserError: Values have other types; the message names them all.
    """
    kinds, faults = get_type_hints(type(config), include_extras=True), []
    for name in (field.name for field in fields(config) if field.init):  # type: ignore[arg-type]
        try:
            object.__setattr__(config, name, convert(kinds[name], simplify(getattr(config, name)), name))
        except (MisfitError, UserError) as error:
            faults.append(f"{type(config).__name__}: {error}")
    refuse(faults)


def simplify(value: Any) -> Any:
    """Returns a value as JSON has it, where it can: tuples as lists, paths as texts, NumPy numbers as Python ones."""
    if isinstance(value, list | tuple):
        return [simplify(one) for one in value]
    if isinstance(value, Mapping):
        return {name: simplify(one) for name, one in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return fspath(value) if isinstance(value, PathLike) else value
