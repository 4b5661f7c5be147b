"""Checks the volumes that the pictures of one entry form, and rejects those that can't be one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ganoscope.data.checks.series import SeriesFacts, check_series
from ganoscope.data.geometry.placement import Placement
from ganoscope.data.picture import Picture
from ganoscope.data.prepare.transfer import Decoded
from ganoscope.data.source.entries import SourceImage

SLICED = ("CT", "MR", "PT", "NM")
"""Modalities whose pictures in one series are slices even where they state no position."""


def check_volumes(
    decoded: Iterable[Decoded], image: SourceImage, slices: str
) -> tuple[list[Decoded], dict[int, SeriesFacts]]:
    """Returns the pictures of an entry, those that can't be one volume as rejections, and facts by volume.

    Args:
        decoded: Pictures of one entry.
        image: The entry.
        slices: Slices that were asked for.
    """
    kept, facts = list(decoded), {}
    for stack in sorted({item.picture.stack for item in kept if item.picture}):
        pictures = list(describe_sources(item for item in kept if item.picture and item.picture.stack == stack))
        if not forms_volume(pictures):
            continue
        fault, found = check_series(pictures)
        if fault:
            kept = [reject(item, fault) if item.picture and item.picture.stack == stack else item for item in kept]
            continue
        if slices.startswith("every"):  # the user asked for these gaps
            found = replace(found, spacing_between_mm=None, missing=0, problems=())
        order = image.order if len(image.paths) > 1 else pictures[0].order
        facts[stack] = replace(found, order=order, told_by=image.told_by or pictures[0].told_by)
    return kept, facts


def forms_volume(pictures: list[Picture]) -> bool:
    """Tells whether pictures of one series are slices of a volume."""
    placed = any(picture.position_mm is not None for picture in pictures)
    return len(pictures) > 1 and (placed or pictures[0].modality in SLICED)


def reject(item: Decoded, reason: str) -> Decoded:
    """Returns the rejection of a picture."""
    return Decoded(item.number, item.name, item.image, reason=reason)


def describe_sources(decoded: Iterable[Decoded]) -> Iterator[Picture]:
    """Yields the accepted pictures with the size and spacing of the source, which cropping to the body does not change.

    The pixels are meaningless: one value, broadcast to the size of the source.
    """
    for item in decoded:
        if item.picture and item.placement:
            pixels = np.broadcast_to(item.picture.pixels[:1, :1], item.shape)
            yield replace(item.picture, pixels=pixels, spacing_mm=find_source_spacing(item.picture, item.placement))


def find_source_spacing(picture: Picture, placement: Placement) -> tuple[float, float] | None:
    """Returns the pixel spacing in the source in mm, from a picture with the spacing of the store."""
    if picture.spacing_mm is None:
        return None
    rows, columns = placement.scale
    return picture.spacing_mm[0] * rows, picture.spacing_mm[1] * columns
