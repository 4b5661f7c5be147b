"""Duplicates: pairs by relation, and galleries of the most serious pairs side by side."""

from collections import Counter

from ganoscope.data.inspection.duplicate_pairs import Pair, ShownPairs
from ganoscope.reports.kit.content import Table
from ganoscope.reports.kit.pictures import Picture, embed_image
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter
from ganoscope.reports.store.galleries import Exhibit, Gallery
from ganoscope.reports.store.marked_pictures import draw_thumbnail, join

ANCHOR, TITLE = "duplicates", "Duplicates"


def show(evidence: Evidence) -> StoreChapter:
    """Returns the pairs of duplicates: counts, and galleries of the most serious ones."""
    if evidence.pairs is None:
        return StoreChapter(ANCHOR, TITLE, ("Not looked for: the store has no duplicates.csv.",))
    if not evidence.pairs:
        return StoreChapter(ANCHOR, TITLE, ("No exact copies or near-duplicates were found.",))
    text = (
        "In each pair, the right picture is a copy or near-copy of the left one, transformed as the heading states. "
        "Pairs across "
        "splits and pairs with different labels come first. Under each picture: class, the source's split → the "
        "store's split, sample id. All pairs are in duplicates.csv; a cluster of n pictures is linked by n - 1 of them."
    )
    pair_of = {(pair.relation, pair.first, pair.second): pair for pair in evidence.pairs}
    galleries = tuple(make_gallery(evidence, shown, pair_of) for shown in evidence.findings.exhibits.pairs)
    return StoreChapter(ANCHOR, TITLE, (text,), tables=(count_pairs(evidence.pairs),), galleries=galleries)


def count_pairs(pairs: tuple[Pair, ...]) -> Table:
    """Returns pairs of duplicates by relation: how many there are, across splits, and with different labels."""
    rows = []
    for relation, number in Counter(pair.relation for pair in pairs).most_common():
        of_kind = [pair for pair in pairs if pair.relation == relation]
        flags = (
            sum(pair.across_source for pair in of_kind),
            sum(pair.across_splits for pair in of_kind),
            sum(pair.conflicting for pair in of_kind),
        )
        lowest = min(pair.correlation for pair in of_kind)
        rows.append((relation, f"{number:,}", *(f"{flag:,}" for flag in flags), f"{lowest:.3f}"))
    header = ("Relation", "Pairs", "Across source splits", "Across the store's splits", "Different labels",
              "Lowest correlation")  # fmt: skip
    return Table("Pairs of duplicates", header, tuple(rows))


def make_gallery(evidence: Evidence, shown: ShownPairs, pair_of: dict[tuple[str, int, int], Pair]) -> Gallery:
    """Returns the selected pairs of one relation, side by side.

    Args:
        evidence: What is shown of the store.
        shown: The selection.
        pair_of: Pairs by relation and positions.
    """
    first, weakest = len(shown.gravest), len(shown.least_alike)
    which = f"the {first} most serious ones and the {weakest} least similar of the others are shown"
    if not weakest:
        which = "all are shown" if shown.number == first else f"the {first} most serious ones are shown"
    sentence = f"{shown.number:,} pair{'' if shown.number == 1 else 's'}; {which}."
    title = shown.relation[:1].upper() + shown.relation[1:]
    chosen = (pair_of[shown.relation, *positions] for positions in (*shown.gravest, *shown.least_alike))
    return Gallery(title, sentence, tuple(show_pair(evidence, pair) for pair in chosen), "wide")


def show_pair(evidence: Evidence, pair: Pair) -> Exhibit:
    """Returns two duplicates side by side, with both labels and both splits."""
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
    return Exhibit(Picture(embed_image(picture), alt, caption, True, picture.width), badges, lines)


def describe_image(evidence: Evidence, index: int) -> tuple[str, ...]:
    """Returns an image's class, the source's split and the store's, and its id."""
    row = {name: str(evidence.columns[name][index]) for name in ("source_split", "split", "sample_id")}
    label = (str(evidence.labels[index]),) if evidence.labelled else ()
    place = f"{row['source_split']} → {row['split']}" if row["source_split"] else row["split"]
    return (*label, place, row["sample_id"])
