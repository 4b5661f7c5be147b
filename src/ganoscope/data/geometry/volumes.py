"""Selects slices of a volume."""

import re

from ganoscope.errors import UserError, describe

ALLOWED = "all, middle, every:N with N of 1 or more, or A:B in per cent with 0 <= A < B <= 100, such as 20:80"


def select_slices(choice: str, count: int) -> list[int]:
    """Returns the indices of the selected slices, at least one, in ascending order.

    `every:N` is centred in the volume; `A:B` selects the slices whose centres lie in that part of the volume, or the
    nearest one if it is thinner than a slice.

    Args:
        choice: `all`, `middle`, `every:N` or `A:B`.
        count: Number of slices of the volume, 1 or more.

    Raises:
        UserError: The choice has another form.

    Example:
        >>> select_slices("every:3", 8), select_slices("20:80", 10), select_slices("middle", 9)
        ([0, 3, 6], [2, 3, 4, 5, 6, 7], [4])
    """
    fault = find_choice_fault(choice)
    if fault:
        raise UserError(fault)
    if choice == "all":
        return list(range(count))
    if choice == "middle":
        return [count // 2]
    first, second = choice.split(":")
    if first == "every":
        step = int(second)
        return list(range((count - 1) % step // 2, count, step))
    low, high = float(first), float(second)
    taken = [index for index in range(count) if low <= 100 * (index + 0.5) / count < high]
    return taken or [min(count - 1, int((low + high) / 200 * count))]


def find_choice_fault(choice: str) -> str:
    """Returns the fault of a choice of slices; "" if it is valid."""
    number = r"\d{1,6}(?:\.\d{1,6})?"
    share = re.fullmatch(f"({number}):({number})", choice, re.ASCII)
    sound = choice in ("all", "middle") or re.fullmatch(r"every:0*[1-9]\d{0,8}", choice, re.ASCII)
    if sound or (share and float(share[1]) < float(share[2]) <= 100):
        return ""
    return describe("--slices is not understood", repr(choice), ALLOWED, "Choose one of these.")
