"""Tasks that cut a store into the patients of one outer split: those to learn from, and those held out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store
from ganoscope.generators.same_store import open_same
from ganoscope.studies.outer_splits import Cohort, SplitPlan, find_cohort, make_outer_split, reduce_training
from ganoscope.studies.result_files import STORE

REVISIONS = {"take_training": 1, "take_held_out": 1}


def take_training(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    store: str,
    fingerprint: str,
    plan: Mapping[str, Any],
    number: int,
    fraction: float,
) -> None:
    """Writes a store of the patients that an outer split learns from; nobody else is in it.

    Args:
        output: Folder of the result.
        inputs: None.
        store: Folder of the store that is cut.
        fingerprint: Its fingerprint.
        plan: Fields of `SplitPlan`.
        number: Number of the split.
        fraction: Fraction of the patients to keep.
    """
    source, drawn = open_same(store, fingerprint, "study"), SplitPlan(**plan)
    cohort = find_cohort(source)
    parts = reduce_training(make_outer_split(cohort, drawn, number), cohort, fraction, drawn.seed, number)
    write_part(output, source, cohort, np.where(parts == "test", "", parts))


def take_held_out(
    output: Path, inputs: Mapping[str, Path], *, store: str, fingerprint: str, plan: Mapping[str, Any], number: int
) -> None:
    """Writes a store of the patients that an outer split holds out.

    Args:
        output: Folder of the result.
        inputs: None.
        store: Folder of the store that is cut.
        fingerprint: Its fingerprint.
        plan: Fields of `SplitPlan`.
        number: Number of the split.
    """
    source, drawn = open_same(store, fingerprint, "study"), SplitPlan(**plan)
    cohort = find_cohort(source)
    parts = make_outer_split(cohort, drawn, number)
    write_part(output, source, cohort, np.where(parts == "test", "test", ""))


def write_part(output: Path, source: Store, cohort: Cohort, parts: NDArray[np.str_]) -> None:
    """Writes a store of some images of a cohort.

    Args:
        output: Folder of the result.
        source: Store that is cut.
        cohort: Images of the study.
        parts: New split of each of them, shape (N,); "" leaves an image out.
    """
    splits = np.full(source.count, "", "<U10")
    splits[cohort.positions] = parts
    derive_store(source, splits, output / STORE)
