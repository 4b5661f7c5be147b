"""Diversity: whether synthetic images reach the variety of real ones, measured on as many real images."""

import numpy as np

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_floor import Side, is_worse, place_beside_floor, write_beside_floor
from ganoscope.audits.feature_families import (
    choose,
    count_images,
    find_families,
    list_measurements,
    measure_families,
)
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


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how much of the variety of real images the synthetic ones reach.

    A fault, a collapse, is shown where recall, coverage or the Vendi score lie wholly below those of as many real
    images of other patients in any family, or where synthetic images resemble each other (MS-SSIM) more than real ones.

    Args:
        evidence: Synthetic images and members; held-out images where there are any.

    Raises:
        UserError: There are too few synthetic images.
    """
    families = find_families(evidence)
    values, missing = measure_families(families, list_measurements(NAMES), evidence.seed)
    values.append(measure_resemblance(evidence))
    whole = [value for value in values if value.images == "all"]
    worse = [value for value in whole if is_worse(value, find_collapse_side(value))]
    return Answer(
        outcome="fault" if worse else "clear",
        verdict=write_verdict(whole, worse),
        values=tuple(values),
        details={
            "images": count_images(evidence),
            "worse_than_floor": [f"{value.name} in {value.extractor or 'images'}" for value in worse],
            "classes_worse_than_floor": [
                f"{value.name} in {value.extractor}, {value.images}"
                for value in values
                if value.images != "all" and is_worse(value, find_collapse_side(value))
            ],
        },
        warnings=tuple(missing),
    )


def find_collapse_side(value: Value) -> Side:
    """Returns the side of the floor that a collapse lies on."""
    return "above" if value.name == MS_SSIM else "below"


def measure_resemblance(evidence: AuditEvidence) -> Value:
    """Returns the mean MS-SSIM within synthetic images, beside that within held-out images, or members without any."""
    pixels = evidence.synthetic.load(np.arange(1)).size
    most = max(2, min(MOST_IMAGES, MOST_PIXELS // pixels))
    positions = choose(np.arange(evidence.synthetic.count), evidence.seed, 3, most)
    generated = GeneratedImages(evidence.synthetic.load(positions))
    real = evidence.held_out or evidence.members
    return Value(MS_SSIM, measure_ms_ssim(Comparison(generated, held_out=real, seed=evidence.seed)))


def write_verdict(whole: list[Value], worse: list[Value]) -> str:
    """Returns the verdict.

    Args:
        whole: Values of all images.
        worse: Those of them that show a collapse.
    """
    heads = [f"in {value.extractor}, {write_beside_floor(value)}" for value in whole if value.name == HEADLINE]
    scores = f"Clipped coverage {'; '.join(heads)}."
    if not worse:
        limits = [
            beside.visible[0]
            for value in whole
            if value.name == HEADLINE
            if (beside := place_beside_floor(value.measured))
        ]
        limit = f" A coverage below {max(0.0, min(limits)):.2f} would have been seen." if limits else ""
        return f"No loss of variety is shown. {scores}{limit}"
    listed = [f"{value.name} in {value.extractor or 'images'}: {write_beside_floor(value)}" for value in worse]
    others = [text for text, value in zip(listed, worse, strict=True) if value.name != HEADLINE]
    more = f" Also: {'; '.join(others)}." if others else ""
    return f"Synthetic images do not reach the variety of real ones. {scores}{more}"
