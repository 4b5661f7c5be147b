"""Training patients hit by synthetic images, beside held-out patients."""

from dataclasses import dataclass

import numpy as np

from ganoscope.evaluate.reidentification.nearest_patient import Floats
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_wilson_interval


@dataclass(frozen=True)
class Hits:
    """Patients whom synthetic images hit: more alike than the likeness that most patients reach.

    Attributes:
        members: Training patients that are hit.
        member_patients: All training patients.
        held_out: Held-out patients that are hit.
        held_out_patients: All held-out patients.
        p_value: Probability of as many hits of training patients, if who was trained on made no difference.
    """

    members: int
    member_patients: int
    held_out: int
    held_out_patients: int
    p_value: float

    @property
    def member_rate(self) -> Estimate:
        """Share of training patients that are hit, with Wilson's interval."""
        return estimate_rate(self.members, self.member_patients)

    @property
    def held_out_rate(self) -> Estimate:
        """Share of held-out patients that are hit."""
        return estimate_rate(self.held_out, self.held_out_patients)


def estimate_rate(hit: int, count: int) -> Estimate:
    """Returns a share of independent patients or synthetic images, with Wilson's interval."""
    return Estimate(hit / count, *compute_wilson_interval(hit / count, count), count, count)


def count_hits(members: Floats, held_out: Floats, share: float) -> Hits:
    """Returns how often training and held-out patients are hit; the threshold is taken from all of them together.

    Exact under exchange of the patients (hypergeometric): no assumption on how images of a generator hang together.

    Args:
        members: Greatest likeness of any synthetic image to each training patient, shape (M,).
        held_out: The same of held-out patients, shape (H,).
        share: Share of all patients that counts as hit.

    Source: Fisher 1935, "The Design of Experiments", sect. 2.
    """
    from scipy.stats import hypergeom

    everyone = np.concatenate([members, held_out])
    threshold = np.sort(everyone)[::-1][max(1, round(share * len(everyone))) - 1]
    hit, other = int((members >= threshold).sum()), int((held_out >= threshold).sum())
    p_value = float(hypergeom.sf(hit - 1, len(everyone), len(members), hit + other))
    return Hits(hit, len(members), other, len(held_out), p_value)
