"""What to know about the translated images themselves: whether networks have seen them, and what was left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from ganoscope.alarms import Alarm, Check


@dataclass(frozen=True)
class ImageCounts:
    """Counts of the images of one call of `counterfactual`.

    Attributes:
        images: Images that were translated.
        trained: How many of them the run was trained on.
        judged: How many of them the independent classifier was trained on or chosen by.
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
            f"{counts.trained:,} of {counts.images:,} images are images that the run was trained on: what is measured "
            "on them says little about others. Use held-out images."
        )
        yield Alarm("training_images", "warning", message, {"images": counts.trained})


def find_images_of_judge(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields an alarm where the independent classifier was trained on images or chosen by them."""
    if counts.judged:
        message = (
            f"{counts.judged:,} of {counts.images:,} images are images that the independent classifier was trained on "
            "or chosen by: its answers to them are no independent evidence. Use images that it has not seen."
        )
        yield Alarm("judge_has_seen_images", "warning", message, {"images": counts.judged})


def find_other_classes(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields a note where images belong to neither domain."""
    if counts.left_out:
        message = (
            f"{counts.left_out:,} images of other classes than {' and '.join(counts.domains)} are left out: the run "
            "was not trained on them."
        )
        yield Alarm("other_classes", "note", message, {"images": counts.left_out})


def find_resampled(counts: ImageCounts) -> Iterator[Alarm]:
    """Yields a note where images are not of the networks' size."""
    if counts.resampled:
        message = (
            f"{counts.resampled:,} of {counts.images:,} images are not of the networks' size ({counts.size_px} x "
            f"{counts.size_px} px): they were resampled as the run's store was, and the change was enlarged to their "
            "own grid."
        )
        yield Alarm("resampled", "note", message, {"images": counts.resampled})


CHECKS: tuple[Check[ImageCounts], ...] = (
    Check(("training_images",), "images that the run was trained on", find_training_images),
    Check(
        ("judge_has_seen_images",),
        "images that the independent classifier was trained on or chosen by",
        find_images_of_judge,
    ),
    Check(("other_classes",), "images of classes that are not domains of the run", find_other_classes),
    Check(("resampled",), "images of another size than the networks'", find_resampled),
)
"""What is looked for in the images of a call of `counterfactual`, in the order of its alarms."""
