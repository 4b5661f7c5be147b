"""Generates images in the order of their numbers until every class has the requested number."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import UserError
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.drawing import BLOCK, draw_chosen
from ganoscope.generation.labels import ALL, Request
from ganoscope.generation.screening import COPY, LABEL, Screening, Verdict

MOST_TRIES = 20
"""Most images generated for each one that is wanted."""


class RejectedError(UserError):
    """Too many images of a class were rejected to get as many as requested."""


@dataclass(frozen=True)
class Candidate:
    """One generated image.

    Attributes:
        index: Number of the image: together with seed and class, it makes the image again.
        code: Class code.
        pixels: Stored units, shape (H, W).
        verdict: What the screening found.
    """

    index: int
    code: int
    pixels: NDArray[np.generic]
    verdict: Verdict


@dataclass(frozen=True)
class Tally:
    """Counts of generated, kept and rejected images.

    Attributes:
        request: Which images are wanted.
        accepted: Images kept, by the key of their quota.
        drawn: Images generated and screened, by the key of their quota.
        rejected: Images rejected, by their reasons.
        by_class: Images generated and screened, by class code and reasons; without reasons, they were kept.
    """

    request: Request
    accepted: Counter[int] = field(default_factory=Counter)
    drawn: Counter[int] = field(default_factory=Counter)
    rejected: Counter[tuple[str, ...]] = field(default_factory=Counter)
    by_class: Counter[tuple[int, tuple[str, ...]]] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Number of images still to be kept."""
        return self.request.total - self.accepted.total()

    def is_open(self, code: int) -> bool:
        """Tells whether images of a class are still wanted."""
        key = self.request.key(code)
        return self.accepted[key] < self.request.quotas.get(key, 0)

    def count(self, candidate: Candidate) -> None:
        """Counts an image.

        Raises:
            UserError: Too many images were rejected.
        """
        key, reasons = self.request.key(candidate.code), candidate.verdict.reasons
        self.drawn[key] += 1
        self.by_class[candidate.code, reasons] += 1
        if reasons:
            self.rejected[reasons] += 1
        else:
            self.accepted[key] += 1
        if self.is_open(candidate.code) and self.drawn[key] >= MOST_TRIES * self.request.quotas[key]:
            self.give_up(key)

    def give_up(self, key: int) -> None:
        """Refuses to continue with the quota of that key.

        Raises:
            UserError: Always; the message states what was rejected and what can be done.
        """
        remedies = {
            COPY: "It has memorised training images: train on more images, or with --diff-augment adaptive.",
            LABEL: "Train longer or choose another --checkpoint, or lower --min-label-confidence.",
        }
        seen = {reason for names in self.rejected for reason in names}
        advice = " ".join(remedy for reason, remedy in remedies.items() if reason in seen)
        of_class = "" if key == ALL else f" of class {self.request.run.classes[key]}"
        reasons = ", ".join(f"{count:,} for {' and '.join(names)}" for names, count in self.rejected.items())
        raise RejectedError(
            f"too many images are rejected: {self.accepted[key]:,} of {self.request.quotas[key]:,} images{of_class} "
            f"passed after {self.drawn[key]:,} tries; allowed: {MOST_TRIES} tries for each image. Rejected in all: "
            f"{reasons}. {advice}"
        )


def draw_candidates(
    request: Request, screening: Screening, config: GenerateConfig, tally: Tally
) -> Iterator[Candidate]:
    """Yields images, counted and with their verdicts, until the request is fulfilled.

    The images do not depend on the batch size: each is screened by itself, in the order of the numbers.

    Args:
        request: Which images are wanted.
        screening: Criteria that images must meet.
        config: What was requested.
        tally: Counts, which are updated.

    Raises:
        UserError: Too many images are rejected.
    """
    start = 0
    while tally.missing:
        count = min(config.batch_size, max(BLOCK, tally.missing))
        indices, codes = choose_next(request, tally, start, count)
        if not len(indices):
            start += count * len(request.quotas)
            continue
        start = int(indices[-1]) + 1
        images = draw_chosen(request.run, indices, codes, request.seed, config.truncation)
        pixels = request.run.record.intensity.to_pixels(images[:, 0])
        verdicts = screening.screen(pixels, codes)
        for candidate in map(Candidate, indices.tolist(), codes.tolist(), pixels, verdicts):
            if tally.is_open(candidate.code):
                tally.count(candidate)
                yield candidate


def choose_next(request: Request, tally: Tally, start: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the next images whose classes are still wanted.

    Args:
        request: Which images are wanted.
        tally: Counts so far.
        start: First number to consider.
        count: Most images to return.

    Returns:
        Numbers and class codes, both of shape (N,), N at most `count`.
    """
    codes = request.choose(start, count * len(request.quotas))
    chosen = np.flatnonzero([tally.is_open(code) for code in codes.tolist()])[:count]
    return start + chosen, codes[chosen]
