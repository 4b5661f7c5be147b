"""Images in the order of their numbers until every class has as many as are wanted."""

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
"""Images drawn for each one that is wanted, at most."""


@dataclass(frozen=True)
class Candidate:
    """One generated image.

    Attributes:
        index: Its number: with seed and class, it makes the image again.
        code: Of its class.
        pixels: Stored units, shape (H, W).
        verdict: What the screening found.
    """

    index: int
    code: int
    pixels: NDArray[np.generic]
    verdict: Verdict


@dataclass(frozen=True)
class Tally:
    """How far a request is fulfilled.

    Attributes:
        request: What is wanted.
        accepted: Images kept, by the key of their quota.
        drawn: Images judged, likewise.
        rejected: Images turned away, by their reasons.
    """

    request: Request
    accepted: Counter[int] = field(default_factory=Counter)
    drawn: Counter[int] = field(default_factory=Counter)
    rejected: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Images still to come."""
        return self.request.total - self.accepted.total()

    def is_open(self, code: int) -> bool:
        """Tells whether images of a class are still wanted."""
        key = self.request.key(code)
        return self.accepted[key] < self.request.quotas.get(key, 0)

    def count(self, candidate: Candidate) -> None:
        """Counts an image.

        Raises:
            UserError: Too many were turned away.
        """
        key, reasons = self.request.key(candidate.code), candidate.verdict.reasons
        self.drawn[key] += 1
        if reasons:
            self.rejected[reasons] += 1
        else:
            self.accepted[key] += 1
        if self.is_open(candidate.code) and self.drawn[key] >= MOST_TRIES * self.request.quotas[key]:
            self.give_up(key)

    def give_up(self, key: int) -> None:
        """Raises the error that the generator does not deliver."""
        remedies = {
            COPY: "It has learned training images by heart: train on more images, or with --diff-augment adaptive.",
            LABEL: "Train longer or choose another --checkpoint, or lower --min-label-confidence.",
        }
        seen = {reason for names in self.rejected for reason in names}
        advice = " ".join(remedy for reason, remedy in remedies.items() if reason in seen)
        of_class = "" if key == ALL else f" of class {self.request.run.classes[key]}"
        reasons = ", ".join(f"{count:,} for {' and '.join(names)}" for names, count in self.rejected.items())
        raise UserError(
            f"the generator does not deliver: {self.accepted[key]:,} of {self.request.quotas[key]:,} images{of_class} "
            f"passed after {self.drawn[key]:,} tries; allowed: {MOST_TRIES} tries for each image. Turned away in all: "
            f"{reasons}. {advice}"
        )


def draw_candidates(
    request: Request, screening: Screening, config: GenerateConfig, tally: Tally
) -> Iterator[Candidate]:
    """Yields images, counted and with their verdicts, until the request is fulfilled.

    Which images come does not depend on the batch size: each is judged by itself, and in the order of the numbers.
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
        verdicts = screening.judge(pixels, codes)
        for candidate in map(Candidate, indices.tolist(), codes.tolist(), pixels, verdicts):
            if tally.is_open(candidate.code):
                tally.count(candidate)
                yield candidate


def choose_next(request: Request, tally: Tally, start: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns numbers and classes of up to `count` images from `start` on, of classes that are still wanted."""
    codes = request.choose(start, count * len(request.quotas))
    chosen = np.flatnonzero([tally.is_open(code) for code in codes.tolist()])[:count]
    return start + chosen, codes[chosen]
