"""Mistakes that the user can correct: reported in full, without a traceback."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class UserError(Exception):
    """An invalid input from the user; the command line prints the message and exits with status 2."""


class StoppedError(UserError):
    """Work that a signal ended after it was saved; the command line exits with 128 plus the signal's number.

    Attributes:
        number: Number of the signal.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


def describe(fault: str, given: object, allowed: str, remedy: str) -> str:
    """Returns an error message in the standard form: fault, value given, values allowed, remedy.

    Args:
        fault: What is wrong.
        given: Value that was given.
        allowed: Values that are allowed.
        remedy: What the user can do, as a sentence; "" where the values allowed say it.

    Example:
        >>> describe("batch size is too small", 0, "1 or more", "Raise --batch-size.")
        'batch size is too small: got 0; allowed: 1 or more. Raise --batch-size.'
        >>> describe("no such part", "text", "train, test", "")
        'no such part: got text; allowed: train, test.'
    """
    return f"{fault}: got {given}; allowed: {allowed}. {remedy}".rstrip()


def write_count(number: int, noun: str, plural: str = "") -> str:
    """Returns a number with its noun, in the plural except for 1.

    Args:
        number: How many.
        noun: Noun in the singular, with a verb where one follows.
        plural: The same in the plural; by default, the noun with -s.

    Example:
        >>> write_count(1, "file"), write_count(1200, "pair"), write_count(2, "file was taken", "files were taken")
        ('1 file', '1,200 pairs', '2 files were taken')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def refuse(faults: Sequence[str]) -> None:
    """Raises one error that names all faults; does nothing where there are none.

    Raises:
        UserError: There is at least one fault.
    """
    if faults:
        raise UserError("\n".join(faults))


@dataclass(frozen=True)
class Range:
    """Interval of allowed values of a setting.

    Attributes:
        low: Lower bound.
        high: Upper bound.
        above: Whether `low` itself is excluded.
        below: Whether `high` itself is excluded.
    """

    low: float
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        """Tells whether a number is allowed."""
        return (self.low < value if self.above else self.low <= value) and (
            value < self.high if self.below else value <= self.high
        )

    def __str__(self) -> str:
        """Returns the range in words.

        Example:
            >>> [str(each) for each in (Range(1), Range(0, 1, above=True, below=True), Range(0.5, 1, above=True))]
            ['1 or more', 'above 0 to below 1', 'above 0.5 to 1']
        """
        low = f"above {self.low:g}" if self.above else f"{self.low:g}"
        if self.high == math.inf:
            return low if self.above else f"{low} or more"
        return f"{low} to {'below ' if self.below else ''}{self.high:g}"


def list_range_faults(config: object, ranges: Mapping[str, Range]) -> list[str]:
    """Returns a message for every setting of a configuration that is out of range; the remedy names its default.

    A setting that is None is left open, and is in range.

    Args:
        config: Configuration dataclass.
        ranges: Allowed range by field name.
    """
    return [
        describe(
            f"--{name.replace('_', '-')} is out of range",
            getattr(config, name),
            str(allowed),
            f"The default is {getattr(type(config), name)}.",
        )
        for name, allowed in ranges.items()
        if getattr(config, name) is not None and getattr(config, name) not in allowed
    ]


def gather(*steps: Callable[[], Any]) -> list[Any]:
    """Calls all steps and returns their results; if some fail, raises one error with all their faults.

    Raises:
        UserError: At least one step raised it.
    """
    results, faults = [], []
    for step in steps:
        try:
            results.append(step())
        except UserError as error:
            faults.append(str(error))
    refuse(faults)
    return results
