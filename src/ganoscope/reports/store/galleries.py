"""Galleries of offenders: duplicates side by side, burnt-in markers, colour, and the least usual pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.reports.kit.content import write_number
from ganoscope.reports.kit.pictures import Picture
from ganoscope.reports.store.evidence import Evidence, Pair
from ganoscope.reports.store.marked_pictures import (
    LARGE_PX,
    SHEET_COLUMNS,
    SHEET_PX,
    SIDE_PX,
    draw_thumbnail,
    embed,
    join,
    parse_boxes,
)
from ganoscope.reports.store.measurements import choose

PAIRS_PER_RELATION, MOST_PAIRS = 24, 120
LEAST_ALIKE = 0.25
"""Share of the pairs shown that are those of lowest correlation: by them the search can be judged."""
MARKED, COLOURED, OUTLIERS = 24, 16, 8
SHEET_CLASSES, SHEET_ROWS = 10, 2
EXTREMES: dict[str, str] = {
    "Darkest": "Lowest mean value.",
    "Brightest": "Highest mean value.",
    "Least varied": "Lowest standard deviation: empty, nearly constant or overexposed pictures come first.",
    "Most varied": "Highest standard deviation: drawn, inverted or over-contrasted pictures come first.",
}


@dataclass(frozen=True)
class Exhibit:
    """One picture of a gallery.

    Attributes:
        picture: The picture with its words.
        badges: What is grave about it, in a word or two each.
        lines: What stands under it.
    """

    picture: Picture
    badges: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gallery:
    """Pictures that show the same thing.

    Attributes:
        title: What they show, or "".
        sentence: How many there are, and how they were chosen.
        exhibits: The pictures.
        look: `small`, `large`, or `wide` where each exhibit holds two pictures.
    """

    title: str
    sentence: str
    exhibits: tuple[Exhibit, ...]
    look: str = "small"


def make_sheets(evidence: Evidence, seed: int) -> tuple[Picture, ...]:
    """Returns a contact sheet per class, of the classes with the most images."""
    return tuple(make_sheet(evidence, label, seed) for label in evidence.classes[:SHEET_CLASSES])


def make_sheet(evidence: Evidence, label: str, seed: int) -> Picture:
    """Returns random images of one class as one picture, annotated findings outlined."""
    members = np.flatnonzero(evidence.labels == label)
    chosen = members[choose(len(members), SHEET_ROWS * SHEET_COLUMNS, seed)]
    boxes = [parse_boxes(evidence.columns["boxes"][index]) for index in chosen]
    thumbnails = [
        draw_thumbnail(evidence, int(index), SHEET_PX, findings=found)
        for index, found in zip(chosen, boxes, strict=True)
    ]
    masks = evidence.store.masks
    masked = sum(bool(masks[index].any()) for index in chosen) if masks is not None else 0
    outlined = sum(bool(found) for found in boxes) + masked
    caption = f"{label}: {len(chosen):,} of {len(members):,} images"
    caption += f"; annotated findings outlined in {outlined}." if outlined else "."
    alt = f"Contact sheet of {len(chosen)} randomly chosen images of the class {label}."
    width = min(len(chosen), SHEET_COLUMNS) * (SHEET_PX + 4)
    return Picture(embed(join(thumbnails, SHEET_COLUMNS)), alt, caption, True, width)


def make_pair_galleries(evidence: Evidence) -> tuple[Gallery, ...]:
    """Returns a gallery per kind of duplicates, the gravest pairs of each."""
    pairs = evidence.pairs or ()
    counts = Counter(pair.relation for pair in pairs)
    each = min(PAIRS_PER_RELATION, max(6, MOST_PAIRS // max(1, len(counts))))
    return tuple(make_pair_gallery(evidence, relation, each) for relation, _ in counts.most_common())


def make_pair_gallery(evidence: Evidence, relation: str, most: int) -> Gallery:
    """Returns up to `most` pairs of one relation, side by side."""
    pairs = [pair for pair in evidence.pairs or () if pair.relation == relation]
    chosen, weakest = choose_pairs(pairs, most)
    shown = f"the {len(chosen)} gravest, and the {len(weakest)} least alike of the others, are shown"
    if not weakest:
        shown = "all are shown" if len(pairs) == len(chosen) else f"the {len(chosen)} gravest are shown"
    sentence = f"{len(pairs):,} pair{'' if len(pairs) == 1 else 's'}; {shown}."
    title = relation[:1].upper() + relation[1:]
    return Gallery(title, sentence, tuple(show_pair(evidence, pair) for pair in (*chosen, *weakest)), "wide")


def choose_pairs(pairs: Sequence[Pair], most: int) -> tuple[list[Pair], list[Pair]]:
    """Returns the gravest pairs, with different labels and across source splits among them, and the least alike others.

    Args:
        pairs: Of one relation, gravest first.
        most: Pairs to choose at most.
    """
    if len(pairs) <= most:
        return list(pairs), []
    last = 0 if pairs[0].relation == "exact copy" else round(LEAST_ALIKE * most)
    share = (most - last) // 2
    conflicting = [pair for pair in pairs if pair.conflicting][:share]
    others = [pair for pair in pairs if pair not in conflicting]
    others.sort(key=lambda pair: (not pair.across_splits, not pair.across_source, -pair.correlation))
    first = sorted([*conflicting, *others[: most - last - len(conflicting)]], key=lambda pair: pair.gravity)
    rest = sorted(others[most - last - len(conflicting) :], key=lambda pair: pair.correlation)
    return first, rest[:last]


def show_pair(evidence: Evidence, pair: Pair) -> Exhibit:
    """Returns two duplicates side by side, with both labels and both places."""
    both = (pair.first, pair.second)
    picture = join([draw_thumbnail(evidence, index) for index in both], columns=2)
    places = [describe_image(evidence, index) for index in both]
    alt = f"Two images side by side, {pair.relation}. Left: {', '.join(places[0])}. Right: {', '.join(places[1])}."
    flags = {
        "across splits": pair.across_splits,
        "different labels": pair.conflicting,
        "across source splits": pair.across_source,
    }
    badges = tuple(name for name, raised in flags.items() if raised)
    caption = f"correlation {pair.correlation:.4f}"
    lines = tuple(line for row in zip(*places, strict=True) for line in row)
    return Exhibit(Picture(embed(picture), alt, caption, True, picture.width), badges, lines)


def describe_image(evidence: Evidence, index: int) -> tuple[str, ...]:
    """Returns an image's class, the source's split and the store's, and its id."""
    row = {name: str(evidence.columns[name][index]) for name in ("source_split", "split", "sample_id")}
    label = (str(evidence.labels[index]),) if evidence.labelled else ()
    place = f"{row['source_split']} → {row['split']}" if row["source_split"] else row["split"]
    return (*label, place, row["sample_id"])


def make_marker_gallery(evidence: Evidence, seed: int) -> Gallery:
    """Returns images with burnt-in text or markers, boxes around what was seen, by class."""
    found = np.flatnonzero(evidence.columns["markers"] != "")
    chosen = found[choose(len(found), MARKED, seed)]
    chosen = chosen[np.argsort(evidence.labels[chosen], kind="stable")]

    def show(index: int) -> Exhibit:
        boxes = parse_boxes(evidence.columns["markers"][index])
        picture = draw_thumbnail(evidence, index, LARGE_PX, marks=boxes)
        alt = f"Image of the class {evidence.labels[index]}, {len(boxes)} supposed markers boxed in red."
        return show_single(evidence, index, embed(picture), alt)

    return Gallery("", count_shown(len(chosen), len(found)), tuple(show(int(index)) for index in chosen), "large")


def make_colour_gallery(evidence: Evidence, seed: int) -> Gallery:
    """Returns images whose source held true colour, in the grey that the store keeps of them."""
    found = np.flatnonzero(evidence.columns["coloured"] == "1")
    chosen = found[choose(len(found), COLOURED, seed)]
    exhibits = [
        show_plainly(evidence, int(index), "reduced from colour to grey", f"source {evidence.columns['source'][index]}")
        for index in chosen
    ]
    return Gallery("", count_shown(len(chosen), len(found)), tuple(exhibits))


def make_extreme_galleries(evidence: Evidence) -> tuple[Gallery, ...]:
    """Returns the darkest, brightest, least and most varied of the measured images."""
    measured = evidence.measured
    there = np.flatnonzero(np.isfinite(measured.means))
    orders: Sequence[NDArray[np.float64]] = (
        measured.means,
        -measured.means,
        measured.deviations,
        -measured.deviations,
    )
    galleries = []
    for (title, sentence), key in zip(EXTREMES.items(), orders, strict=True):
        ranks = keep_one_per_group(evidence, there[np.argsort(key[there], kind="stable")])[:OUTLIERS]
        galleries.append(Gallery(title, sentence, tuple(show_extreme(evidence, int(rank), title) for rank in ranks)))
    return tuple(galleries)


def keep_one_per_group(evidence: Evidence, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns the first of each group among positions in the measurements, in their order: no neighbouring slices."""
    groups = evidence.columns["group"][evidence.measured.indices[ranks]]
    return ranks[np.sort(np.unique(groups, return_index=True)[1])]


def show_extreme(evidence: Evidence, rank: int, title: str) -> Exhibit:
    """Returns a measured image with its mean and standard deviation."""
    measured = evidence.measured
    mean, deviation = (round(float(values[rank]), 1) for values in (measured.means, measured.deviations))
    lines = (f"mean {write_number(mean)}", f"s.d. {write_number(deviation)}")
    return show_plainly(evidence, int(measured.indices[rank]), f"{title.lower()} of the store", *lines)


def show_plainly(evidence: Evidence, index: int, what: str, *lines: str) -> Exhibit:
    """Returns one image without anything drawn into it."""
    alt = f"Image of the class {evidence.labels[index]}, {what}: {', '.join(lines)}."
    return show_single(evidence, index, embed(draw_thumbnail(evidence, index)), alt, *lines)


def show_single(evidence: Evidence, index: int, source: str, alt: str, *lines: str) -> Exhibit:
    """Returns one image with its class, id, and lines of its own."""
    named = (str(evidence.labels[index]),) if evidence.labelled else ()
    picture = Picture(source, alt, "", True, SIDE_PX)
    return Exhibit(picture, (), (*named, *lines, str(evidence.columns["sample_id"][index])))


def count_shown(shown: int, found: int) -> str:
    """Returns how many images of how many a gallery shows.

    Example:
        >>> count_shown(36, 1200), count_shown(5, 5)
        ('1,200 images; 36 chosen by chance are shown.', '5 images; all are shown.')
    """
    chosen = f"{shown} chosen by chance are shown" if shown < found else "all are shown"
    return f"{found:,} image{'' if found == 1 else 's'}; {chosen}."
