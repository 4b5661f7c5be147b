"""Mistakes that the user can mend: reported in full, without a traceback."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class UserError(Exception):
    """A fault in what the user gave; the command line prints its message and exits with status 2."""


def describe(fault: str, given: object, allowed: str, remedy: str) -> str:
    """Returns one message in the house form: fault, value given, values allowed, remedy.

    Example:
        >>> describe("batch size is too small", 0, "1 or more", "Raise --batch-size.")
        'batch size is too small: got 0; allowed: 1 or more. Raise --batch-size.'
    """
    return f"{fault}: got {given}; allowed: {allowed}. {remedy}"


def refuse(faults: Sequence[str]) -> None:
    """Does nothing without faults; otherwise names all of them at once.

    Raises:
        UserError: There is at least one fault.
    """
    if faults:
        raise UserError("\n".join(faults))


@dataclass(frozen=True)
class Range:
    """Numbers that a setting may have.

    Attributes:
        low: The lowest.
        high: The highest.
        above: Whether `low` itself is left out.
        below: Whether `high` itself is left out.
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
    """Returns which settings of a configuration dataclass are out of their range; the remedy is their default.

    Args:
        config: The configuration.
        ranges: By the name of the field.
    """
    return [
        describe(
            f"--{name.replace('_', '-')} is out of range",
            getattr(config, name),
            str(allowed),
            f"The default is {getattr(type(config), name)}.",
        )
        for name, allowed in ranges.items()
        if getattr(config, name) not in allowed
    ]


def gather(*steps: Callable[[], Any]) -> list[Any]:
    """Returns what all steps return; where some refuse, their faults together.

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
