"""Parts of the images of an audit: all of them, classes, and subgroups of the real ones within all and within classes.

A synthetic image has no view and no folder. So a subgroup asks how far the synthetic images (of a class) are from the
members of the subgroup, and how many of these they reach; the floor is the same for held-out images of all subgroups
(of the class): a population that holds the subgroup as often as real patients do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import write_count
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import Features
from ganoscope.seeds import Stream, stream

MOST_PAIRED = 2_000
"""Images of each set that are compared in pairs."""
FEWEST = 50
"""Images of a part, synthetic and members, below which it is not measured by itself."""
ALL = "all"
Trio = tuple[Features, Features, Features | None]
Strings = NDArray[np.str_]


@dataclass(frozen=True)
class Part:
    """A part of the images in one feature family.

    Attributes:
        images: Its name, such as `all`, `class sick` or `class sick, view PA`.
        whole: All of its images, for measurements of means and covariances.
        paired: At most `MOST_PAIRED` of each set, for measurements in pairs.
    """

    images: str
    whole: Comparison
    paired: Comparison


@dataclass(frozen=True)
class Selection:
    """Which images belong to a part.

    Attributes:
        images: Name of the part.
        sets: Positions among the synthetic images, the members and the held-out images (where there are any).
    """

    images: str
    sets: tuple[NDArray[np.int64], ...]


def select_parts(
    sizes: Sequence[int], labels: Sequence[Strings] | None, attributes: Mapping[str, Strings]
) -> tuple[list[Selection], list[str]]:
    """Returns the parts that there are enough images of, all images first, and a sentence for each that is too small.

    Args:
        sizes: Number of synthetic images, members and, where there are any, held-out images.
        labels: Classes of the same images, shape (N,) each; None where synthetic images have none.
        attributes: Columns of the members whose values are subgroups, shape (N,) each.
    """
    parts, missing = [Selection(ALL, tuple(np.arange(size) for size in sizes))], []
    named = sorted({*labels[0].tolist()} & {*labels[1].tolist()}) if labels else []
    classes = [Selection(f"class {name}", tuple(np.flatnonzero(one == name) for one in labels or ())) for name in named]
    parts += classes if len(classes) > 1 else []
    for part in list(parts):
        parts += split_by(part, attributes, labels[1] if labels else None)
    kept = []
    for part in parts:
        counts = [len(one) for one in part.sets[:2]]
        if min(counts) >= FEWEST or part.images == ALL:
            kept.append(part)
        else:
            told = f"{write_count(counts[0], 'synthetic image')} and {counts[1]:,} real ones"
            missing.append(f"{part.images} is not measured by itself: {told}, {FEWEST} of each are needed.")
    if not any(len(np.unique(values)) > 1 for values in attributes.values()):
        missing.append(
            f"no subgroup is measured: real images do not differ in {', '.join(attributes)}, as far as known."
        )
    return kept, [text[0].upper() + text[1:] for text in missing]


def split_by(part: Selection, attributes: Mapping[str, Strings], labels: Strings | None) -> Iterator[Selection]:
    """Yields the subgroups of a part, by the attributes of its members; none where all have the same value.

    A value that only one class has, such as the folder of a class, is no subgroup of all images: the class is one.

    Args:
        part: All images, or those of a class.
        attributes: Columns of all members, shape (N,) each.
        labels: Classes of all members, shape (N,); None where they are not compared by class.
    """
    before = "" if part.images == ALL else f"{part.images}, "
    for column, values in attributes.items():
        own = values[part.sets[1]]
        names = np.unique(own[own != ""])
        for name in names.tolist() if len(names) > 1 else ():
            chosen = part.sets[1][own == name]
            if labels is None or before or len(np.unique(labels[chosen])) > 1:
                words = name if name.startswith(column) else f"{column} {name}"
                yield Selection(f"{before}{words}", (part.sets[0], chosen, *part.sets[2:]))


def take_part(selection: Selection, trio: Trio, seed: int) -> Part:
    """Returns a part in one feature family; too few held-out images are left out.

    Args:
        selection: Which images belong to it.
        trio: Features of all sets.
        seed: Seed of the audit.
    """
    if selection.images != ALL:
        own = [one.take(at) for one, at in zip(trio, selection.sets, strict=False) if one is not None]
        trio = own[0], own[1], own[2] if len(own) > 2 and len(own[2].values) >= FEWEST else None
    return Part(
        selection.images, Comparison(features=trio, seed=seed), Comparison(features=limit(trio, seed), seed=seed)
    )


def limit(trio: Trio, seed: int) -> Trio:
    """Returns at most `MOST_PAIRED` images of each set, chosen at random."""
    first, second, third = (
        one if one is None or len(one.values) <= MOST_PAIRED else one.take(draw(len(one.values), seed, number))
        for number, one in enumerate(trio)
    )
    assert first is not None and second is not None
    return first, second, third


def draw(count: int, seed: int, number: int) -> NDArray[np.int64]:
    """Returns `MOST_PAIRED` random positions, ascending, shape (MOST_PAIRED,).

    Args:
        count: Number of images of the set, at least as many.
        seed: Seed of the audit.
        number: Number of the set.
    """
    return np.sort(stream(seed, Stream.PAIRED_IMAGES, number).permutation(count)[:MOST_PAIRED])
