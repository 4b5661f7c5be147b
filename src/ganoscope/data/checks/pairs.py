"""Copies in a store: byte-identical files, near-duplicate pictures, and duplicates whose labels differ."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.store.columns import Pairs
from ganoscope.errors import write_count


def find_label_conflicts(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when identical or nearly identical pictures have two labels; a missing label is no conflict."""
    pairs, labels = tables.pairs, tables.columns["label"]
    first, second = labels[pairs.first], labels[pairs.second]
    differ = (first != second) & (first != "") & (second != "")
    conflicts = int(differ.sum())
    if conflicts:
        exact = count_relations(pairs, differ)["exact copy"]
        yield Alarm(
            "label_conflicts",
            "warning",
            f"duplicates with different labels: {write_count(conflicts, 'pair')}, {exact} of them exact copies. At "
            "least one label of each pair is wrong, or neighbouring slices of one patient were labelled differently. "
            "See duplicates.csv.",
            {"pairs": conflicts, "exact": exact},
        )


def count_relations(pairs: Pairs, chosen: NDArray[np.bool_]) -> Counter[str]:
    """Returns how many of the chosen pairs, a mask of shape (E,), there are of each relation."""
    counts = np.bincount(pairs.relation[chosen], minlength=len(pairs.relations)).tolist()
    return Counter({name: count for name, count in zip(pairs.relations, counts, strict=True) if count})


def find_exact_copies(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when source files are byte-identical, compared frame by frame."""
    extra = len(tables.contents) - len(np.unique(tables.contents))
    if extra:
        yield Alarm(
            "exact_copies",
            "warning",
            f"{write_count(extra, 'file is an exact copy', 'files are exact copies')} of another file. Copies stay "
            "in one split together, but count twice.",
            {"copies": extra},
        )


def find_near_duplicates(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when pictures are nearly the same, also turned or mirrored.

    Byte-identical copies have an alarm of their own; pictures of one patient or volume may well be alike.
    """
    pairs, columns = tables.pairs, tables.columns
    origins = np.where(columns["patient"] != "", columns["patient"], columns["series"])
    first = origins[pairs.first]
    relations = count_relations(pairs, (first == "") | (first != origins[pairs.second]))
    del relations["exact copy"]
    if relations:
        listed = ", ".join(f"{count:,} {relation}" for relation, count in relations.most_common())
        yield Alarm(
            "near_duplicates",
            "warning",
            f"{write_count(relations.total(), 'link')} between near-duplicate pictures ({listed}). Linked pictures "
            "stay in one split together; they count more than once in every statistic.",
            dict(relations),
        )


CHECKS = (
    Check(("label_conflicts",), "duplicates with different labels", find_label_conflicts, rank=40),
    Check(("exact_copies",), "exact copies", find_exact_copies, rank=50),
    Check(
        ("near_duplicates",),
        "near-duplicates, also mirrored, turned or with other brightness",
        find_near_duplicates,
        rank=60,
    ),
)
