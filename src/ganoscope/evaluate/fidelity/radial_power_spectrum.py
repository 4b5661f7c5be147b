"""Radial power spectrum: how far the mean power at each spatial frequency is from that of real images, in decibels."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ganoscope.contracts import Measured, Need
from ganoscope.data.real_images import RealImages
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.features import BATCH
from ganoscope.evaluate.set_distance import DRAWS, FEWEST
from ganoscope.evaluate.spectrum import Spectra, compare_spectra, compute_spectra, join_spectra
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.estimate import Estimate, compute_percentile_interval

NAME = "radial_power_spectrum"
NEEDS: frozenset[Need] = frozenset({"generated", "training"})


def read_spectra(real: RealImages) -> Spectra:
    """Returns the spectra of real images, read in batches."""
    batches = (real.indices[at : at + BATCH] for at in range(0, len(real.indices), BATCH))
    names = real.store.column("group")
    return join_spectra([compute_spectra(real.store.load_images(part)[:, 0], names[part]) for part in batches])


def collect_spectra(images: Iterable[NDArray[np.float32]]) -> Spectra:
    """Returns the spectra of generated images, given in batches of shape (B, 1, H, W); each is a group of its own."""
    parts, count = [], 0
    for block in images:
        for at in range(0, len(block), BATCH):
            part = block[at : at + BATCH, 0]
            parts.append(compute_spectra(part, np.array([str(count + number) for number in range(len(part))])))
            count += len(part)
    return join_spectra(parts)


def measure_spectrum(generated: Spectra, real: Spectra, peer: Spectra | None, seed: int) -> Measured:
    """Returns the distance of the mean spectra, and its floor at equal numbers of images.

    Args:
        generated: Spectra of generated images.
        real: Spectra of real images that they are compared with.
        peer: Spectra of real images of other patients; None for halves of `real`.
        seed: Seed of the resampling and of the draws of the floor.

    Raises:
        UserError: A set is too small.
    """
    fewest = min(len(one.groups) for one in (generated, real, *([peer] if peer else [])))
    refuse([describe("too few images for a spectrum", fewest, f"{FEWEST} or more", "Take more.")] * (fewest < FEWEST))
    found = compare_spectra(generated, real, seed).distance_db
    rng = stream(seed, Stream.FLOOR_HALVES)
    reals, own = [], []
    for _ in range(DRAWS):
        reference, other = halve(real, rng) if peer is None else (real, peer)
        images = min(len(reference.groups), len(other.groups), len(generated.groups))
        drawn = [draw_mean(side, images, rng) for side in (reference, other, generated)]
        reals.append(float(np.sqrt(((drawn[1] - drawn[0]) ** 2).mean())))
        own.append(float(np.sqrt(((drawn[2] - drawn[0]) ** 2).mean())))
    low, high = compute_percentile_interval(reals)
    floor = Estimate(float(np.mean(reals)), low, high, 2 * images, len(np.unique(real.groups)))
    return Measured(found, floor, "lower", at_floor_size=float(np.mean(own)))


def halve(real: Spectra, rng: np.random.Generator) -> tuple[Spectra, Spectra]:
    """Returns random halves of the groups of a set."""
    names, member = np.unique(real.groups, return_inverse=True)
    first = (rng.permutation(len(names)) < max(1, len(names) // 2))[member]
    return take(real, np.flatnonzero(first)), take(real, np.flatnonzero(~first))


def take(spectra: Spectra, indices: NDArray[np.int64]) -> Spectra:
    """Returns the spectra at some positions, shape (M,)."""
    parts = (getattr(spectra, name)[indices] for name in ("radial", "peaks", "around", "groups"))
    return Spectra(*parts)


def draw_mean(spectra: Spectra, images: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Returns the mean power of some random images in decibels, shape (R,).

    Args:
        spectra: Spectra of a set.
        images: Number of images to take.
        rng: Source of the draws.
    """
    chosen = rng.permutation(len(spectra.groups))[:images]
    return 10 * np.log10(spectra.radial[chosen].mean(axis=0) + 1e-12)


def measure(evidence: Comparison) -> Measured:
    """Returns the distance of the mean spectra of generated and training images; its floor is that of held-out images.

    Without held-out images, the floor is that of halves of the training images.

    Args:
        evidence: Holds generated and training images; held-out images where there are any.

    Raises:
        UserError: Something is missing, or a set is too small.
    """
    images, training = require(evidence.generated, "generated").images, require(evidence.training, "training")
    peer = read_spectra(evidence.held_out) if evidence.held_out else None
    return measure_spectrum(collect_spectra([images]), read_spectra(training), peer, evidence.seed)
