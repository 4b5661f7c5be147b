"""Physically impossible images: their signs, and the limits that real images set to them.

A sign counts only beyond what every member shows: among n members and one more real image, each is the most extreme
with a chance of 1 / (n + 1), so a limit is passed by about that share of real images (exactly, without ties).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.evaluate.radiomics.first_order import divide

Floats = NDArray[np.float64]

REASONS = {
    "out_of_range": "values that are not finite or outside of the network range",
    "empty_field": "hardly any contrast: less than half of that of every member",
    "cut_body": "more of the border inside the body than in any member",
    "several_bodies": "more separate bodies than in any member",
}
"""What each sign means."""
TOLERANCE = 1e-3
"""How far a value may leave the network range: rounding."""
LEAST_CONTRAST = 0.5
"""Part of the members' lowest standard deviation below which a field is empty."""
LEAST_BODY = 0.02
"""Share of the pixels that a separate body must have."""
BINS = 64
"""Bins of the histogram that body and background are told apart by."""


@dataclass(frozen=True)
class Signs:
    """Signs of each image.

    Attributes:
        outside: Share of pixels that are not finite or out of range, shape (N,).
        contrast: Standard deviation of the pixels, shape (N,).
        border: Share of border pixels inside the body, shape (N,).
        bodies: Number of separate bodies, shape (N,).
    """

    outside: Floats
    contrast: Floats
    border: Floats
    bodies: Floats


@dataclass(frozen=True)
class Limits:
    """What the members show at most.

    Attributes:
        contrast: Lowest standard deviation.
        border: Largest share of border pixels inside the body.
        bodies: Largest number of separate bodies.
        members: Number of members.
    """

    contrast: float
    border: float
    bodies: float
    members: int


def find_signs(images: NDArray[np.float32]) -> Signs:
    """Returns the signs of images (N, H, W) in network range."""
    finite = np.isfinite(images)
    outside = ~finite | (np.abs(np.where(finite, images, 0)) > 1 + TOLERANCE)
    clean = np.where(finite, images, -1.0).clip(-1, 1)
    body = clean > find_thresholds(clean)[:, None, None]
    edges = np.concatenate([body[:, 0], body[:, -1], body[:, 1:-1, 0], body[:, 1:-1, -1]], axis=1)
    return Signs(
        outside=outside.mean(axis=(1, 2)),
        contrast=clean.astype(np.float64).std(axis=(1, 2)),
        border=edges.mean(axis=1),
        bodies=count_bodies(body),
    )


def find_thresholds(images: NDArray[np.floating]) -> Floats:
    """Returns the value between background and body, shape (N,): the one that separates them best.

    It maximises w (1 - w) (m_1 - m_0)^2, with w the share of the background, and m_0 and m_1 both means.

    Source: Otsu 1979, eq. 18, https://doi.org/10.1109/TSMC.1979.4310076

    Args:
        images: Values in [-1, 1], shape (N, H, W).
    """
    level = np.clip((images.reshape(len(images), -1) + 1) / 2 * BINS, 0, BINS - 1).astype(np.int64)
    keys = level + BINS * np.arange(len(level))[:, None]
    counts = np.bincount(keys.ravel(), minlength=len(level) * BINS).reshape(-1, BINS) / level.shape[1]
    share, mass = counts.cumsum(axis=1), (counts * np.arange(BINS)).cumsum(axis=1)
    total = mass[:, -1:]
    between = divide((total * share - mass) ** 2, share * (1 - share))
    return (between[:, :-1].argmax(axis=1) + 1) / BINS * 2 - 1


def count_bodies(body: NDArray[np.bool_]) -> Floats:
    """Returns the number of separate bodies, shape (N,), of masks (N, H, W); patches below `LEAST_BODY` don't count."""
    from scipy.ndimage import label  # imported late: it takes half a second

    found = []
    for mask in body:
        patches, _ = label(mask, structure=np.ones((3, 3)))
        sizes = np.bincount(patches.ravel())[1:]
        found.append(float((sizes >= LEAST_BODY * mask.size).sum()))
    return np.array(found)


def set_limits(members: Signs) -> Limits:
    """Returns the limits that members set."""
    return Limits(
        float(members.contrast.min()),
        float(members.border.max()),
        float(members.bodies.max()),
        len(members.contrast),
    )


def judge(signs: Signs, limits: Limits) -> dict[str, NDArray[np.bool_]]:
    """Returns which images are impossible by reason, shape (N,) each; in an empty field, no body is looked for."""
    empty = signs.contrast < LEAST_CONTRAST * limits.contrast
    return {
        "out_of_range": signs.outside > 0,
        "empty_field": empty,
        "cut_body": (signs.border > limits.border) & ~empty,
        "several_bodies": (signs.bodies > limits.bodies) & ~empty,
    }


def join_signs(parts: list[Signs]) -> Signs:
    """Returns the signs of several sets of images as one."""
    names = ("outside", "contrast", "border", "bodies")
    return Signs(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
