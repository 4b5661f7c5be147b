"""Diversity: whether synthetic images reach the variety of real ones, measured on as many real images."""

import numpy as np

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_real.beside_floor import Side
from ganoscope.audits.beside_real.feature_families import choose, find_families, list_measurements, measure_families
from ganoscope.audits.beside_real.feature_verdict import Phrases, make_answer
from ganoscope.evaluate.comparison import Comparison, GeneratedImages
from ganoscope.evaluate.fidelity.diversity import NAME as MS_SSIM
from ganoscope.evaluate.fidelity.diversity import measure as measure_ms_ssim

QUESTION = "Do synthetic images reach the variety of real ones?"
RANK = 60

NAMES = ("recall", "coverage", "clipped_coverage", "vendi_score")
"""Measurements in a feature space that speak of variety; all others speak of fidelity."""
MOST_PIXELS = 32 * 1024 * 1024
"""Pixels of synthetic images that are held at once for MS-SSIM: it compares 500 pairs."""
MOST_IMAGES = 1000
HEADLINE = "clipped_coverage"


def find_collapse_side(value: Value) -> Side:
    """Returns the side of the floor that a collapse lies on."""
    return "above" if value.name == MS_SSIM else "below"


PHRASES = Phrases(
    "Synthetic images do not reach the variety of real ones",
    "No loss of variety is shown.",
    HEADLINE,
    find_collapse_side,
)


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how much of the variety of real images the synthetic ones reach.

    A fault, a collapse, is shown where recall, coverage or the Vendi score are below those of as many real images of
    other patients in any family, or where synthetic images resemble each other (MS-SSIM) more than real ones, all
    numbers tested together.

    Args:
        evidence: Synthetic images and members; held-out images where there are any.

    Raises:
        UserError: There are too few synthetic images.
    """
    values, missing = measure_families(find_families(evidence), list_measurements(NAMES))
    return make_answer(evidence, [*values, measure_resemblance(evidence)], missing, PHRASES)


def measure_resemblance(evidence: AuditEvidence) -> Value:
    """Returns the mean MS-SSIM within synthetic images, beside that within held-out images, or members without any."""
    pixels = evidence.synthetic.load(np.arange(1)).size
    most = max(2, min(MOST_IMAGES, MOST_PIXELS // pixels))
    positions = choose(np.arange(evidence.synthetic.count), evidence.seed, 3, most)
    generated = GeneratedImages(evidence.synthetic.load(positions))
    real = evidence.held_out or evidence.members
    return Value(MS_SSIM, measure_ms_ssim(Comparison(generated, held_out=real, seed=evidence.seed)))
