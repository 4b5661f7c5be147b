"""Rejected images: a table with the reasons, and a sheet with each copy beside the training image that it resembles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.writers.png import save_marked
from ganoscope.files.tables import open_csv
from ganoscope.generation.candidates import Candidate
from ganoscope.generation.class_sheet import arrange
from ganoscope.generation.labels import Request
from ganoscope.generation.screening import COPY, Verdict

NAME, SHEET = "rejected.csv", "rejected.png"
FIELDS = ("index", "label", "seed", "reason", "correlation", "copy_p_value", "confidence", "nearest_sample_id")
SHOWN = 32
"""Most pictures of each kind on the sheet: half as many copies, which are shown with their originals."""
REJECTED_MARK = "SYNTHETIC images made by ganoscope beside REAL training images: treat it as patient data."
"""Mark of the sheet, which shows training images."""


@contextmanager
def open_rejected(folder: Path, request: Request, store: Store | None) -> Iterator[Callable[[Candidate], None]]:
    """Yields the function that lists a rejected image.

    Args:
        folder: Where to write.
        request: Which images were wanted.
        store: The store that the run was trained on; None where nothing is screened, so that nothing is written.
    """
    if store is None:
        yield lambda candidate: None
        return
    intensity, names = store.intensity, store.column("sample_id")
    shown: dict[str, list[NDArray[np.uint8]]] = {}
    with open_csv(folder / NAME, FIELDS) as add_row:

        def note(candidate: Candidate) -> None:
            add_row(describe_rejected(candidate, request, names))
            caption, pictures = show_rejected(candidate, request, store)
            kept = shown.setdefault(caption, [])
            if len(kept) < SHOWN:
                kept.extend(intensity.to_display(np.stack(pictures)))

        yield note
    if shown:
        save_marked(folder / SHEET, arrange(dict(sorted(shown.items()))), {"seed": request.seed}, REJECTED_MARK)


def describe_rejected(candidate: Candidate, request: Request, names: NDArray[np.str_]) -> dict[str, object]:
    """Returns the row of a rejected image.

    Args:
        candidate: The image.
        request: Which images were wanted.
        names: Sample ids of the store's images, shape (N,).
    """
    verdict, classes = candidate.verdict, request.run.classes
    return {
        "index": candidate.index,
        "label": classes[candidate.code] if classes else "",
        "seed": request.seed,
        "reason": " and ".join(verdict.reasons),
        **describe_measures(verdict),
        "nearest_sample_id": "" if verdict.nearest is None else names[verdict.nearest],
    }


def describe_measures(verdict: Verdict) -> dict[str, object]:
    """Returns what the screening measured, for tables; "" where it was not measured."""
    measures = {"correlation": (verdict.correlation, ".3f"), "copy_p_value": (verdict.p, ".2g")}
    measures["confidence"] = (verdict.confidence, ".6f")
    return {name: "" if value is None else format(value, form) for name, (value, form) in measures.items()}


def show_rejected(candidate: Candidate, request: Request, store: Store) -> tuple[str, list[NDArray[np.generic]]]:
    """Returns the caption under which a rejected image is shown, and its pictures: a copy comes with its original.

    Args:
        candidate: The image.
        request: Which images were wanted.
        store: The store that the run was trained on.

    Returns:
        The caption, and one or two pictures in stored units, shape (H, W).
    """
    if COPY in candidate.verdict.reasons and candidate.verdict.nearest is not None:
        return "copy, nearest real", [candidate.pixels, np.asarray(store.images[candidate.verdict.nearest])]
    return f"hardly {request.run.classes[candidate.code]}", [candidate.pixels]
