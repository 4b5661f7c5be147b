"""Fidelity: how far synthetic images are from real ones, measured by how far real patients are from each other."""

from dataclasses import replace

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_real.beside_floor import find_worse, find_worse_side
from ganoscope.audits.beside_real.feature_families import Families, find_families, list_measurements, measure_families
from ganoscope.audits.beside_real.feature_verdict import Phrases, make_answer
from ganoscope.audits.beside_real.image_parts import ALL
from ganoscope.audits.display_names import name_family
from ganoscope.audits.questions.diversity import NAMES as DIVERSITY
from ganoscope.evaluate.fidelity.radial_power_spectrum import NAME as SPECTRUM
from ganoscope.evaluate.fidelity.radial_power_spectrum import measure_spectrum
from ganoscope.evaluate.spectrum import SpectralDifference, compare_spectra

QUESTION = "Do synthetic images look like real ones?"
RANK = 50

HEADLINE = "frechet_distance"
NOTABLE_DB = 1.0
"""Decibels below which a difference of spectra is not put into words."""
PHRASES = Phrases(
    "Synthetic images are farther from real ones than real patients are from each other",
    "No difference from real images is shown.",
    HEADLINE,
    find_worse_side,
)


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how far synthetic images are from real ones in each family of features, and in their spectra.

    A fault is shown where any number is worse than that of real images of other patients, all numbers tested together.

    Args:
        evidence: Synthetic images and members; held-out images where there are any.

    Raises:
        UserError: There are too few synthetic images.
    """
    families = find_families(evidence)
    values, missing = measure_families(families, list_measurements(None, without=DIVERSITY))
    spectra, difference = measure_spectra(families, evidence.seed)
    answer = make_answer(evidence, [*values, spectra], missing, PHRASES)
    differs = f"{SPECTRUM} in images" in answer.details["worse_than_floor"]
    return replace(
        answer,
        verdict=answer.verdict + (write_spectrum(difference) if differs else ""),
        details={
            **answer.details,
            "spectrum_by_radius_db": [round(float(one), 3) for one in difference.by_radius_db],
            "fine_detail_db": vars(difference.fine_db),
            "checkerboard_db": {f"{period} px": vars(one) for period, one in difference.checkerboard_db.items()},
        },
        warnings=(*answer.warnings, *find_closer(values)),
    )


def measure_spectra(families: Families, seed: int) -> tuple[Value, SpectralDifference]:
    """Returns the distance of the spectra as a value, and where they differ."""
    generated, real, peer = families.spectra
    return Value(SPECTRUM, measure_spectrum(generated, real, peer, seed)), compare_spectra(generated, real, seed)


def write_spectrum(difference: SpectralDifference) -> str:
    """Returns what the spectra show: blur, noise or a checkerboard; "" where nothing is notable."""
    parts = []
    fine = difference.fine_db
    if fine.excludes_zero and abs(fine.value) >= NOTABLE_DB:
        word = "less" if fine.value < 0 else "more"
        parts.append(f"{abs(fine.value):.1f} dB {word} power at the finest frequencies")
    for period, rise in difference.checkerboard_db.items():
        if rise.low > 0 and rise.value >= NOTABLE_DB:
            parts.append(f"a checkerboard of {period} px, {rise.value:.1f} dB above that of real images")
    return f" Spectrum: {' and '.join(parts)}." if parts else ""


def find_closer(values: list[Value]) -> list[str]:
    """Returns a warning where synthetic images lie closer to the members than real images of other patients do."""
    heads = [value for value in values if value.name == HEADLINE and value.images == ALL]
    closer = [name_family(value.extractor) for value in find_worse(heads, lambda _: "below")]
    where = " and ".join(closer)
    return [f"Closer to the members than images of other patients are, in features of {where}: see copies."] * bool(
        closer
    )
