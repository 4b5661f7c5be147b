"""Decides which kind of pixels a store holds: the most frequent in the source, whatever the order of its folders."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ganoscope.errors import UserError, describe

MOST_LEFT_OUT = 0.1
"""Largest proportion of pictures of other kinds that may be left out of a store; above it, the user has to choose."""


@dataclass(frozen=True, order=True)
class Kind:
    """Kind of a picture.

    Attributes:
        unit: Unit of its pixels.
        modality: DICOM code; "" if unknown.
        label: Class.
    """

    unit: str
    modality: str
    label: str


def choose_unit(kinds: Counter[Kind]) -> str:
    """Returns the most frequent unit, the first by name among equals; "" without pictures."""
    return next((unit for unit, _ in sort_counts(count_by(kinds, "unit"))), "")


def count_by(kinds: Counter[Kind], attribute: str) -> Counter[str]:
    """Returns the number of pictures by unit, modality or label."""
    counts: Counter[str] = Counter()
    for kind, count in kinds.items():
        counts[getattr(kind, attribute)] += count
    return counts


def sort_counts(counts: Counter[str]) -> list[tuple[str, int]]:
    """Returns names with their counts, most frequent first, by name among equals."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def refuse_mixture(kinds: Counter[Kind]) -> None:
    """Refuses a source of which a store would leave out too much.

    Raises:
        UserError: More than `MOST_LEFT_OUT` of the pictures are of other units than the most frequent one.
    """
    units, total = count_by(kinds, "unit"), kinds.total()
    if total - max(units.values(), default=0) <= MOST_LEFT_OUT * total:
        return
    given = "; ".join(f"{count} x {unit}{describe_parts(kinds, unit)}" for unit, count in sort_counts(units))
    allowed = f"one kind, or up to {MOST_LEFT_OUT:.0%} of others, which are left out"
    raise UserError(describe("the source mixes kinds of pixels", given, allowed, " ".join(list_remedies(kinds))))


def describe_parts(kinds: Counter[Kind], unit: str) -> str:
    """Returns modalities and classes of the pictures of one unit with their counts, in brackets; "" if unknown."""
    own = Counter({kind: count for kind, count in kinds.items() if kind.unit == unit})
    parts = (count_by(own, "modality"), count_by(own, "label"))
    texts = [", ".join(f"{name} {count}" for name, count in sort_counts(part)[:8] if name) for part in parts]
    known = "; ".join(filter(None, texts))
    return f" ({known})" if known else ""


def list_remedies(kinds: Counter[Kind]) -> Iterator[str]:
    """Yields what the user can do about mixed kinds."""
    modalities = {kind.modality for kind in kinds}
    single = [name for name in sorted(modalities - {""}) if len({k.unit for k in kinds if k.modality == name}) == 1]
    if single and len(modalities) > 1:
        yield f"Take one modality: {' or '.join(f'--only-modality {name}' for name in single)}."
    if not any(kind.unit == "HU" for kind in kinds):
        yield "Bring pictures of all depths to 16 bits, each by its own range: --scale image."
    yield "Or prepare each kind as a store of its own."


def count_left_out(kinds: Counter[Kind], unit: str) -> dict[str, tuple[int, int]]:
    """Returns, by class, how many pictures are of the store's unit and how many were left out."""
    taken: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for kind, count in kinds.items():
        (taken if kind.unit == unit else left)[kind.label] += count
    return {label: (taken[label], left[label]) for label in sorted({*taken, *left})} if left else {}
