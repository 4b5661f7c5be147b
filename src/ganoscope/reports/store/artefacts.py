"""Everything that the inspection page shows, read once: the store's tables, and what `ganoscope inspect` measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.inspection.duplicate_pairs import Pair, ShownPairs, read_pairs
from ganoscope.data.inspection.exhibits import UNLABELLED, name_classes
from ganoscope.data.inspection.inspected import GALLERIES, Findings, load_findings
from ganoscope.data.store import QUARANTINE_COLUMNS, Store
from ganoscope.data.store.columns import read_columns
from ganoscope.data.store.series_table import SeriesRow, read_series
from ganoscope.files.records import reading
from ganoscope.files.tables import read_csv


@dataclass(frozen=True)
class Evidence:
    """A store's tables, and the findings beside the page.

    Attributes:
        store: The store.
        columns: Columns of the manifest by name, each of shape (N,).
        labels: Class of each image as it is shown, shape (N,).
        classes: The classes, most images first.
        pairs: Duplicates, gravest first; None where they were not looked for.
        series: Volumes that slices were cut from; none where the source had no volumes.
        not_taken: File numbers by reason, most frequent reason first.
        findings: What was measured and selected.
    """

    store: Store
    columns: dict[str, NDArray[np.str_]]
    labels: NDArray[np.str_]
    classes: tuple[str, ...]
    pairs: tuple[Pair, ...] | None
    series: tuple[SeriesRow, ...]
    not_taken: dict[str, list[str]]
    findings: Findings

    @property
    def labelled(self) -> bool:
        """Whether any image has a class."""
        return self.classes != (UNLABELLED,)

    @property
    def drawn(self) -> bool:
        """Whether all images are phantoms: drawn by a program, not taken of persons."""
        return all(str(sample_id).startswith("phantom-") for sample_id in self.columns["sample_id"])

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Returns a column as numbers, shape (N,); NaN where the manifest has none."""
        return np.array([float(value or "nan") for value in self.columns[name]])


def read_evidence(store: Store, data: Path) -> Evidence:
    """Returns what the page shows of a store.

    Args:
        store: The store.
        data: Folder with the findings of `ganoscope inspect`.

    Raises:
        UserError: Findings are missing, damaged, or about another store.
    """
    columns = read_columns(store, leave_out=("source_sha256", "placement"))
    labels, classes = name_classes(columns["label"])
    pairs, findings = read_pairs(store.path / "duplicates.csv", columns), load_findings(data, store)
    with reading(data / GALLERIES):
        refuse_other_pairs(findings.exhibits.pairs, pairs or ())
    return Evidence(
        store=store,
        columns=columns,
        labels=labels,
        classes=classes,
        pairs=pairs,
        series=read_series(store.path),
        not_taken=read_not_taken(store.path / "quarantine.csv"),
        findings=findings,
    )


def refuse_other_pairs(shown: Sequence[ShownPairs], pairs: Sequence[Pair]) -> None:
    """Refuses pairs to show that are not among those of the store.

    Args:
        shown: Pairs to show, by relation.
        pairs: Pairs of the store.

    Raises:
        ValueError: One is not.
    """
    known = {(pair.relation, pair.first, pair.second) for pair in pairs}
    wanted = {(one.relation, *places) for one in shown for places in (*one.gravest, *one.least_alike)}
    if not wanted <= known:
        raise ValueError(f"{len(wanted - known)} of the pairs to show are no duplicates of this store")


def read_not_taken(path: Path) -> dict[str, list[str]]:
    """Returns the numbers of the files that were not taken, by reason, most frequent reason first."""
    sources: dict[str, list[str]] = {}
    for row in read_csv(path, QUARANTINE_COLUMNS) if path.exists() else ():
        sources.setdefault(row["reason"], []).append(row["source"])
    return dict(sorted(sources.items(), key=lambda item: -len(item[1])))
