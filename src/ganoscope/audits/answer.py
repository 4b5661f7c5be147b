"""Answers of an audit: a verdict in words, and the numbers, per-image columns and pictures behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured

Outcome = Literal["fault", "clear", "untested"]
"""`fault`: something wrong is shown, such as a leak. `clear`: nothing is shown, and the verdict says what would have
been seen. `untested`: it could not be tested, and the verdict says why."""


@dataclass(frozen=True)
class Value:
    """One number of an answer.

    Attributes:
        name: Short name, such as `frechet_distance`; with the question's name, the key of a policy's threshold.
        measured: The value with its interval, its number of images, and its floor.
        images: Which synthetic images: `all`, or those of a class or another subgroup, such as `class pneumonia`.
        extractor: Name of the feature extractor; "" where there is none.
        weights_sha256: SHA-256 of its weights; "" where it has none.
    """

    name: str
    measured: Measured
    images: str = "all"
    extractor: str = ""
    weights_sha256: str = ""


@dataclass(frozen=True)
class Answer:
    """Answer to one question.

    Attributes:
        outcome: Whether a fault is shown.
        verdict: One to three plain sentences: what is shown, or what would have been seen, with the numbers.
        values: The numbers, with intervals and floors.
        details: Further figures, ready for JSON.
        columns: Columns of `images.csv` by name, each with one entry per synthetic image, in their order.
        sheets: Pictures by file name, such as `copies.png`: 8-bit grey (H, W) or colours (H, W, 3).
        warnings: What limits the answer, a sentence each.
    """

    outcome: Outcome
    verdict: str
    values: tuple[Value, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    sheets: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
