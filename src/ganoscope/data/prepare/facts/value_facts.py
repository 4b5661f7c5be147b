"""Gathers, row by row, what the values of all pictures reveal about the source."""

from collections import Counter
from collections.abc import Mapping
from typing import Any


class ValueFacts:
    """Gathers facts about values and regions of the body."""

    def __init__(self) -> None:
        self._padded: list[tuple[int, float]] = []
        self._clipped: list[int] = []
        self._regions: Counter[str] = Counter()
        self._offsets: Counter[int] = Counter()

    def add(self, row: Mapping[str, str]) -> None:
        """Adds one provisional row."""
        if padded := int(row["padded_px"] or 0):
            self._padded.append((padded, padded / (int(row["height_px"]) * int(row["width_px"]))))
        if clipped := int(row["clipped_px"] or 0):
            self._clipped.append(clipped)
        if row["region"]:
            self._regions[row["region"]] += 1
        if row["like_hu"]:
            self._offsets[int(row["like_hu"])] += 1

    def summarise(self) -> dict[str, Any]:
        """Returns the facts by their names in `SourceFacts`."""
        return {
            "padded_images": len(self._padded),
            "padded_px": sum(count for count, _ in self._padded),
            "padded_share": max((share for _, share in self._padded), default=0.0),
            "clipped_images": len(self._clipped),
            "clipped_px": sum(self._clipped),
            "regions": dict(self._regions),
            "undeclared_hu": self._offsets.total(),
            "undeclared_offset": self._offsets.most_common(1)[0][0] if self._offsets else 0,
        }
