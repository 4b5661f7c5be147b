"""What is kept of every image while batches pass: numbers and names, no pixels."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ganoscope.counterfactuals.cases.case import Refused
from ganoscope.counterfactuals.checks import ImageCounts
from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.errors import UserError, write_count
from ganoscope.evaluate.counterfactual.measures import Measures, Response

MOST_REASONS = 8
"""Reasons that are listed where no image can be translated."""


@dataclass
class Gathered:
    """Measures and facts of all images.

    Attributes:
        measures: Measures, one entry per batch.
        responses: Dose-response curves, one entry per batch.
        directions: Direction of each image, such as `normal to pneumonia`.
        groups: Patient or near-duplicate cluster of each image.
        shapes: Number of images by height and width.
        already: Whether each image already belongs to the target.
        trained: Number of images that the run was trained on.
        judged: Number of images that the independent classifier was trained or selected on.
        refused: Files that were not translated.
        left_out: Number of images of the store that belong to neither domain.
    """

    measures: list[Measures] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    directions: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    shapes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    already: list[bool] = field(default_factory=list)
    trained: int = 0
    judged: int = 0
    refused: list[Refused] = field(default_factory=list)
    left_out: int = 0

    def add(self, batch: Translated) -> None:
        """Takes the numbers of a batch."""
        self.measures.append(batch.measures)
        self.responses.append(batch.response)
        self.directions += batch.directions
        self.groups += [case.group for case in batch.cases]
        self.shapes.update(case.source.pixels.shape for case in batch.cases)
        self.already += batch.pairs.already.tolist()
        self.trained += sum(case.trained for case in batch.cases)
        self.judged += sum(case.judged for case in batch.cases)

    def refuse_empty(self) -> None:
        """Does nothing where an image was translated.

        Raises:
            UserError: No image could be translated; the message lists the most frequent reasons.
        """
        if not self.directions:
            reasons = Counter(one.reason for one in self.refused).most_common(MOST_REASONS)
            listed = "".join(f"\n  {count:,} x {reason}" for reason, count in reasons)
            raise UserError(f"no image can be translated; of {write_count(len(self.refused), 'picture')}:{listed}")

    def count(self, setting: Setting) -> ImageCounts:
        """Returns the counts that are checked."""
        size = setting.translator.run.record.size
        return ImageCounts(
            images=len(self.directions),
            trained=self.trained,
            judged=self.judged,
            left_out=self.left_out,
            resampled=sum(count for shape, count in self.shapes.items() if shape != (size, size)),
            domains=setting.translator.domains,
            size_px=size,
        )

    def describe(self) -> dict[str, Any]:
        """Returns the counts as written to `results.json`."""
        return {
            "n": len(self.directions),
            "groups": len(set(self.groups)),
            "by_direction": dict(sorted(Counter(self.directions).items())),
            "by_size_px": {f"{height} x {width}": count for (height, width), count in self.shapes.most_common()},
            "already_of_target": sum(self.already),
            "of_other_classes": self.left_out,
            "trained_on": self.trained,
            "judge_has_seen": self.judged,
            "files_not_taken": len(self.refused),
        }
