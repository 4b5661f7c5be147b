"""The verdict of a question that compares many numbers with those of real patients, in words for any reader."""

from collections.abc import Callable
from dataclasses import dataclass

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_real.beside_floor import (
    Side,
    find_farthest,
    find_worse,
    place_beside_floor,
    write_beside_floor,
)
from ganoscope.audits.beside_real.feature_families import count_images
from ganoscope.audits.beside_real.image_parts import ALL
from ganoscope.audits.display_names import find_display, name_family
from ganoscope.errors import write_count
from ganoscope.statistics.estimate import LEVEL


@dataclass(frozen=True)
class Phrases:
    """What a question says, and what it looks at.

    Attributes:
        fault: Beginning of the verdict where numbers are worse.
        clear: Beginning of the verdict where none is.
        headline: Number that the verdict gives in every family.
        find_side: Tells the worse side of a number's floor.
    """

    fault: str
    clear: str
    headline: str
    find_side: Callable[[Value], Side]


@dataclass(frozen=True)
class Judgement:
    """Which numbers are worse than those of real patients.

    Attributes:
        whole: Numbers of all images.
        compared: Those of them that can be compared with a floor.
        worse: Those of them that are worse, tested together.
        parts: Numbers of classes and other parts that are worse, tested together.
    """

    whole: list[Value]
    compared: list[Value]
    worse: list[Value]
    parts: list[Value]


def judge(values: list[Value], find_side: Callable[[Value], Side]) -> Judgement:
    """Returns which values are worse than their floors: those of all images, and those of parts of them."""
    whole = [value for value in values if value.images == ALL]
    parts = [value for value in values if value.images != ALL]
    compared = [value for value in whole if place_beside_floor(value.measured) and find_side(value) != "neither"]
    return Judgement(whole, compared, find_worse(compared, find_side), find_worse(parts, find_side))


def make_answer(evidence: AuditEvidence, values: list[Value], missing: list[str], phrases: Phrases) -> Answer:
    """Returns the answer to a question about many numbers; a fault is shown where any of them is worse.

    Args:
        evidence: What the question was asked of.
        values: The numbers.
        missing: What could not be measured, a sentence each.
        phrases: Words of the question.
    """
    found = judge(values, phrases.find_side)
    return Answer(
        outcome="fault" if found.worse else "clear",
        verdict=write_verdict(found, phrases),
        values=tuple(values),
        details={
            "images": count_images(evidence),
            "numbers_compared": len(found.compared),
            "worse_than_floor": [name_place(value) for value in found.worse],
            "parts_worse_than_floor": [f"{name_place(value)}, {value.images}" for value in found.parts],
        },
        warnings=tuple(missing),
    )


def name_place(value: Value) -> str:
    """Returns the short name of a number and where it was measured, such as `recall in radiomics`."""
    return f"{value.name} in {value.extractor or 'images'}"


def write_verdict(found: Judgement, phrases: Phrases) -> str:
    """Returns the verdict: how many numbers are worse and which is farthest off, or what would have been seen.

    Args:
        found: Which numbers are worse.
        phrases: Words of the question.
    """
    heads = [value for value in found.compared if value.name == phrases.headline]
    total = write_count(len(found.compared), "number")
    if not found.worse:
        return f"{phrases.clear} None of {total} is worse than that of real patients. {write_heads(heads)}" + (
            write_limit(heads, len(found.compared), phrases)
        )
    farthest = find_farthest(found.worse)
    words = f"Farthest off is {write_place(farthest)}: {write_beside_floor(farthest)}."
    rest = write_heads([value for value in heads if value is not farthest])
    return " ".join(
        filter(None, (f"{phrases.fault} in {len(found.worse)} of {total}.", words, rest, write_parts(found)))
    )


def write_parts(found: Judgement) -> str:
    """Returns which class or subgroup is farthest off, in a sentence; "" where none is worse."""
    if not found.parts:
        return ""
    farthest = find_farthest(found.parts)
    names = write_count(len({value.images for value in found.parts}), "class or subgroup", "classes and subgroups")
    return (
        f"Of {names} that differ, {farthest.images} does most: {write_place(farthest)}, {write_beside_floor(farthest)}."
    )


def write_place(value: Value) -> str:
    """Returns a number's name in words, with its feature family."""
    family = name_family(value.extractor)
    return find_display(value.name).words + (f" in features of {family}" if family else "")


def write_heads(heads: list[Value]) -> str:
    """Returns the number that stands for all, in some families; "" without any."""
    texts = [f"{write_place(value)}: {write_beside_floor(value)}" for value in heads]
    listed = "; ".join(texts)
    return f"{listed[:1].upper()}{listed[1:]}." if texts else ""


def write_limit(heads: list[Value], compared: int, phrases: Phrases) -> str:
    """Returns which value would have been seen in every family, even as the only one of the numbers; "" without any.

    Args:
        heads: The number that stands for all, in every family.
        compared: Numbers that were compared.
        phrases: Words of the question.
    """
    multiples = []
    for value in heads:
        beside, side = place_beside_floor(value.measured), phrases.find_side(value)
        if beside and beside.floor.value > 0:
            multiples.append(beside.find_visible(side, (1 - LEVEL) / compared) / beside.floor.value)
    if not multiples:
        return ""
    above = phrases.find_side(heads[0]) == "above"
    limit = max(multiples) if above else max(0.0, min(multiples))
    return f" {'More' if above else 'Less'} than {limit:.2g} times that of real patients would have been seen."
