"""Reads what earlier calls wrote: every value has the type and the range that its dataclass states, or is refused.

Files may be damaged, edited by hand or made by someone else. What does not fit is named by file and field, and nothing
is built from it before.
"""

import collections.abc
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ganoscope.errors import Range, UserError
from ganoscope.files import load_json
from ganoscope.files.tables import RESTORE, read_csv

T = TypeVar("T")

SHOWN = 40
"""Most letters of a value that a message shows."""
PLAIN: dict[Any, tuple[tuple[type, ...], str]] = {
    int: ((int,), "a whole number"),
    float: ((int, float), "a finite number"),
    str: ((str,), "a text"),
    bool: ((bool,), "true or false"),
    NoneType: ((NoneType,), "null"),
    Path: ((str,), "a path"),
}
TRUTH = {"yes": True, "no": False, "1": True, "0": False}
"""Truth in tables; 1 and 0 in those of older versions."""
"""JSON types that a Python type is read from, and their name in messages."""
DAMAGE = (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError, RecursionError)
"""What code raises that meets values of other types than it expects."""


class Undefined:
    """Mark in an annotation: the number is NaN where it is not defined, and null in the file."""


Number = Annotated[float, Undefined]
"""A number that may be undefined."""


class MisfitError(Exception):
    """A value does not fit; the message names the field, the value, and what is allowed."""


def load_record(path: Path, kind: type[T], version: int | None = None) -> T:
    """Returns the record in a JSON file.

    Args:
        path: The file.
        kind: Dataclass of the record; unknown and missing keys are faults, and so are values of other types.
        version: `schema_version` that the file must state; None where it states none.

    Raises:
        UserError: The file is missing or damaged, or of another version.
    """
    content = load_json(path)
    if version is not None and isinstance(content, dict) and content.pop("schema_version", None) != version:
        raise UserError(f"{path} was written by another version of ganoscope. Create it again.")
    return fit(path, kind, content)


def load_mapping(path: Path) -> dict[str, Any]:
    """Returns the content of a JSON file that holds an object.

    Raises:
        UserError: The file is missing or damaged.
    """
    found: dict[str, Any] = fit(path, dict[str, Any], load_json(path))
    return found


def fit(path: Path, kind: Any, content: Any, place: str = "") -> Any:
    """Returns JSON values as the type that is wanted, such as a dataclass or `list[int]`.

    Args:
        path: File that they were read from, for messages.
        kind: The type.
        content: The values.
        place: Name of the field that holds them; "" for the whole file.

    Raises:
        UserError: A value has another type or is out of its range.
    """
    try:
        return convert(kind, content, place)
    except (MisfitError, UserError) as error:
        raise UserError(f"{path} is damaged: {error} {RESTORE}") from None


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Names a file in the error where what was read from it, within, has other keys or types than expected.

    Raises:
        UserError: It has.
    """
    try:
        yield
    except (*DAMAGE, MisfitError) as error:
        fault = f"{type(error).__name__}: {error}"[:200]
        raise UserError(f"{path} is damaged: its content is not what ganoscope writes ({fault}). {RESTORE}") from None


def read_records(path: Path, kind: type[T], unfinished: bool = False) -> Iterator[T]:
    """Yields the rows of a table as dataclasses whose fields are texts and numbers.

    Args:
        path: The file.
        kind: Dataclass of a row; a column whose field has a default may be missing.
        unfinished: Whether the last row may be incomplete, as a killed process leaves it; it is left out.

    Raises:
        UserError: The file is missing or damaged.
    """
    kinds = get_type_hints(kind, include_extras=True)
    needed = [one.name for one in fields(kind) if one.default is MISSING]  # type: ignore[arg-type]
    for line, row in enumerate(read_csv(path, needed, unfinished=unfinished), 2):
        try:
            yield kind(**{name: read_cell(kinds[name], row[name], name) for name in kinds if name in row})
        except MisfitError as error:
            raise UserError(f"{path} is damaged: row {line}: {error} {RESTORE}") from None


def read_cell(kind: Any, cell: str, place: str) -> Any:
    """Returns a cell of a table as text, number or truth.

    Args:
        kind: `str`, `int`, `float`, `bool`, or a number with a range; `Number` for one that may be undefined (`nan`).
        cell: Text of the cell.
        place: Name of the column.

    Raises:
        MisfitError: It is no such number, nor yes or no.
    """
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if plain is str:
        return cell
    if kind is bool:
        if cell not in TRUTH:
            raise misfit(place, cell, "yes or no")
        return TRUTH[cell]
    try:
        return convert(kind, int(cell) if plain is int else float(cell), place)
    except ValueError:
        raise misfit(place, cell, PLAIN[plain][1]) from None


def convert(kind: Any, value: Any, place: str) -> Any:
    """Returns a JSON value as a type.

    Args:
        kind: Type that is wanted.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It does not fit.

    Example:
        >>> convert(tuple[int, ...], [1, 2], "sizes")
        (1, 2)
        >>> convert(dict[str, float], {"a": "x"}, "shares")
        Traceback (most recent call last):
        ganoscope.files.records.MisfitError: field shares.a: got 'x'; allowed: a finite number.
    """
    if kind is Any or kind is object:
        return value
    if kind in PLAIN:
        return convert_plain(kind, value, place)
    if is_dataclass(kind):
        return convert_record(cast(type[Any], kind), value, place)
    origin, inside = get_origin(kind), get_args(kind)
    for forms, function in FORMS.items():
        if origin in forms:
            return function(inside, value, place)
    raise NotImplementedError(f"field {place} of a record has the type {kind}")


def convert_plain(kind: Any, value: Any, place: str) -> Any:
    """Returns a number, a text, a truth value, null, or a path.

    Args:
        kind: Type that is wanted.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It is another one, or not finite.
    """
    types, words = PLAIN[kind]
    wrong = not isinstance(value, types) or (isinstance(value, bool) and kind is not bool)
    if wrong or (isinstance(value, float) and not math.isfinite(value)) or (kind is Path and "\0" in value):
        raise misfit(place, value, words)
    return value if isinstance(value, kind) else kind(value)


def convert_record(kind: type[Any], value: Any, place: str) -> Any:
    """Returns a dataclass; its own faults are passed on.

    Args:
        kind: The dataclass.
        value: A dictionary of its fields.
        place: Name of the field that holds it.

    Raises:
        MisfitError: A key is missing or unknown, or a value does not fit.
    """
    if not isinstance(value, dict):
        raise misfit(place, value, "an object with keys")
    known = {one.name: one for one in fields(kind) if one.init}
    faults = [f"field {join(place, name)} is unknown." for name in value if name not in known]
    needed = [name for name, one in known.items() if one.default is MISSING and one.default_factory is MISSING]
    faults += [f"field {join(place, name)} is missing." for name in needed if name not in value]
    if faults:
        raise MisfitError(" ".join(faults[:SHOWN]))
    kinds = get_type_hints(kind, include_extras=True)
    return kind(**{name: convert(kinds[name], one, join(place, name)) for name, one in value.items()})


def convert_list(inside: tuple[Any, ...], value: Any, place: str) -> list[Any]:
    """Returns a list, given the type of its elements.

    Args:
        inside: That type alone.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It is no list, or an element does not fit.
    """
    if not isinstance(value, list):
        raise misfit(place, value, "a list")
    return [convert(inside[0], one, f"{place}[{index}]") for index, one in enumerate(value)]


def convert_tuple(inside: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    """Returns a tuple from a list, given the types of its elements.

    Args:
        inside: One type for each element, or one type and `...`.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It is no list, has another length, or an element does not fit.
    """
    if inside[-1] is ...:
        return tuple(convert_list(inside[:1], value, place))
    if not isinstance(value, list) or len(value) != len(inside):
        raise misfit(place, value, f"a list of {len(inside)}")
    return tuple(convert(kind, one, f"{place}[{i}]") for i, (kind, one) in enumerate(zip(inside, value, strict=True)))


def convert_mapping(inside: tuple[Any, ...], value: Any, place: str) -> dict[str, Any]:
    """Returns a dictionary, given the types of keys and values.

    Args:
        inside: The two types.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It is no dictionary, or a value does not fit.
    """
    if not isinstance(value, dict):
        raise misfit(place, value, "an object with keys")
    return {name: convert(inside[1], one, join(place, name)) for name, one in value.items()}


def convert_choice(inside: tuple[Any, ...], value: Any, place: str) -> Any:
    """Returns one of the values of a `Literal`.

    Args:
        inside: Those values.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It is none of them.
    """
    if not any(value == one and type(value) is type(one) for one in inside):
        raise misfit(place, value, ", ".join(map(repr, inside)))
    return value


def convert_union(inside: tuple[Any, ...], value: Any, place: str) -> Any:
    """Returns the value as the first type that it fits.

    Args:
        inside: The types.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It fits none; the message is about the first, or about what is not null.
    """
    if value is None and NoneType in inside:
        return None
    faults = []
    for kind in inside:
        try:
            return convert(kind, value, place)
        except MisfitError as error:
            faults.append(error)
    raise faults[0]


def convert_limited(inside: tuple[Any, ...], value: Any, place: str) -> Any:
    """Returns a value of an annotated type; a `Range` in the annotation limits it.

    Args:
        inside: The type and what it is annotated with.
        value: The value.
        place: Name of the field.

    Raises:
        MisfitError: It does not fit, or is out of the range.
    """
    if Undefined in inside and (value is None or value != value):
        return math.nan
    found = convert(inside[0], value, place)
    for limit in inside[1:]:
        if isinstance(limit, Range) and found is not None and found not in limit:
            raise misfit(place, value, str(limit))
    return found


FORMS: dict[tuple[Any, ...], Callable[[tuple[Any, ...], Any, str], Any]] = {
    (list, collections.abc.Sequence): convert_list,
    (tuple,): convert_tuple,
    (dict, collections.abc.Mapping): convert_mapping,
    (Literal,): convert_choice,
    (Union, UnionType): convert_union,
    (Annotated,): convert_limited,
}
"""How generic types are read."""


def misfit(place: str, value: object, allowed: str) -> MisfitError:
    """Returns the error that a value does not fit.

    Args:
        place: Name of the field; "" for the whole file.
        value: The value.
        allowed: What is allowed.
    """
    shown = repr(value) if not isinstance(value, dict | list) else f"{type(value).__name__} of {len(value)}"
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return MisfitError(f"{f'field {place}' if place else 'the content'}: got {shown}; allowed: {allowed}.")


def join(place: str, name: object) -> str:
    """Returns the name of a field inside another."""
    short = str(name)[:SHOWN]
    return f"{place}.{short}" if place else short
