"""Checks of the translated images themselves: whether networks have seen them, and what was left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from ganoscope.alarms import Alarm, Check
from ganoscope.errors import write_count


@dataclass(frozen=True)
class ImageCounts:
    """Counts of the images of one call of `counterfactual`.

    Attributes:
        images: Images that were translated.
        trained: How many of them the run was trained on.
        judged: How many of them the independent classifier was trained or selected on.
        left_out: Images of the store that belong to neither domain.
        resampled: Images of another size than the networks'.
        domains: Names of the run's domains.
        size_px: Side of the networks' images in pixels.
    """

    images: int
    trained: int = 0
    judged: int = 0
    left_out: int = 0
    resampled: int = 0
    domains: tuple[str, ...] = ()
    size_px: int = 0


def find_training_images(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields an alarm where the run was trained on images."""
    if counts.trained:
        message = (
            f"the run was trained on {counts.trained:,} of the {counts.images:,} images: results on them are weak "
            f"evidence about other images. Use held-out images."
        )
        yield Alarm("training_images", "warning", message, {"images": counts.trained})


def find_images_of_judge(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields an alarm where the independent classifier was trained or selected on images."""
    if counts.judged:
        message = (
            f"the independent classifier was trained or selected on {counts.judged:,} of the {counts.images:,} "
            f"images: its predictions for them are not independent evidence. Use images that it has not seen."
        )
        yield Alarm("judge_has_seen_images", "warning", message, {"images": counts.judged})


def find_other_classes(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields a note where images belong to neither domain."""
    if counts.left_out:
        message = (
            f"left out: {write_count(counts.left_out, 'image')} of other classes than "
            f"{' and '.join(counts.domains)}. The run was not trained on those classes."
        )
        yield Alarm("other_classes", "note", message, {"images": counts.left_out})


def find_resampled(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields a note where images are not of the networks' size."""
    if counts.resampled:
        message = (
            f"{counts.resampled:,} of {counts.images:,} images differ in size from those of the networks "
            f"({counts.size_px} x {counts.size_px} px): they were resampled as the run's store was, and the change "
            "was enlarged to their own grid."
        )
        yield Alarm("resampled", "note", message, {"images": counts.resampled})


CHECKS: tuple[Check[ImageCounts], ...] = (
    Check(("training_images",), "images that the run was trained on", find_training_images),
    Check(
        ("judge_has_seen_images",),
        "images that the independent classifier was trained or selected on",
        find_images_of_judge,
    ),
    Check(("other_classes",), "images of classes that are not domains of the run", find_other_classes),
    Check(("resampled",), "images of another size than the networks'", find_resampled),
)
"""What is looked for in the images of a call of `counterfactual`, in the order of its alarms."""
