"""Checks of what a Python caller passes to a public function, so that a mistake is answered in words.

The command line checks what the user types by the same types. Here paths may be strings, and an option that was passed
by itself is answered with the configuration that it belongs to.

"""

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ganoscope.errors import UserError, describe, refuse


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the function with its arguments checked: strings become paths, everything else must have its type.

    Raises:
        UserError: When called, an argument is missing, unknown or of another type; all faults are in one message.

    Example:
        >>> def read(folder: Path) -> str:
        ...     return folder.name
        >>> checked(read)("data/films")
        'films'
    """
    signature = inspect.signature(function)
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    single = {name for name, parameter in signature.parameters.items() if parameter.kind not in several}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        hints = {name: hint for name, hint in get_type_hints(function).items() if name in single}
        refuse(list_unknown(function.__name__, signature, hints, kwargs))
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise UserError(f"{function.__name__}: {error}. It is called as {show(function, signature)}.") from None
        faults = []
        for name, value in bound.arguments.items():
            types = list_types(hints.get(name, Any))
            if Path in types and isinstance(value, str | os.PathLike):
                bound.arguments[name] = Path(value)
            elif Any not in types and not isinstance(value, types):
                allowed = " or ".join(map(name_type, types))
                called = f"It is called as {show(function, signature)}."
                faults.append(describe(f"{name} of {function.__name__} can't be used", shorten(value), allowed, called))
        refuse(faults)
        return function(*bound.args, **bound.kwargs)

    return call


def list_unknown(called: str, signature: inspect.Signature, hints: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Returns a message for every keyword that the function does not have; it names where an option belongs.

    Args:
        called: Name of the function.
        signature: Signature of the function.
        hints: Types of its arguments.
        given: Keyword arguments of the call.
    """
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        return []
    configs: list[Any] = [kind for hint in hints.values() for kind in list_types(hint) if is_dataclass(kind)]
    faults = []
    for name, value in given.items():
        if name in signature.parameters:
            continue
        home = next((kind for kind in configs if name in {field.name for field in fields(kind)}), None)
        remedy = f"Pass it in the configuration: {home.__name__}({name}={value!r})." if home else ""
        allowed = ", ".join(signature.parameters)
        faults.append(describe(f"{called} has no argument of that name", name, allowed, remedy).rstrip())
    return faults


def list_types(hint: Any) -> tuple[Any, ...]:
    """Returns the classes that a type hint allows; `Any` where it is not made of classes.

    Example:
        >>> list_types(Path | None) == (Path, NoneType)
        True
    """
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(part if isinstance(part, type) else Any for part in parts)


def name_type(kind: Any) -> str:
    """Returns a class in words."""
    if kind is Path:
        return "a path (a string or a Path)"
    return "None" if kind is NoneType else f"{'an' if kind.__name__[0] in 'aeiouAEIOU' else 'a'} {kind.__name__}"


def shorten(value: object) -> str:
    """Returns a value as in Python, at most 60 characters of it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def show(function: Callable[..., Any], signature: inspect.Signature) -> str:
    """Returns how a function is called: its name and those of its arguments."""
    names = [
        name if parameter.default is inspect.Parameter.empty else f"{name}=..."
        for name, parameter in signature.parameters.items()
    ]
    return f"{function.__name__}({', '.join(names)})"
