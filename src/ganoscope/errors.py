"""Mistakes that the user can mend: reported in full, without a traceback."""

from collections.abc import Sequence


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
