"""Fidelity: how far synthetic images are from real ones, measured by how far real patients are from each other."""

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_floor import find_worse_side, is_worse, place_beside_floor, write_beside_floor
from ganoscope.audits.feature_families import (
    Families,
    count_images,
    find_families,
    list_measurements,
    measure_families,
)
from ganoscope.audits.questions.diversity import NAMES as DIVERSITY
from ganoscope.evaluate.fidelity.radial_power_spectrum import NAME as SPECTRUM
from ganoscope.evaluate.fidelity.radial_power_spectrum import measure_spectrum
from ganoscope.evaluate.spectrum import SpectralDifference, compare_spectra

QUESTION = "Do synthetic images look like real ones?"
RANK = 50

HEADLINE = "frechet_distance"
NOTABLE_DB = 1.0
"""Decibels below which a difference of spectra is not put into words."""


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how far synthetic images are from real ones in each family of features, and in their spectra.

    A fault is shown where the interval of a distance lies wholly above its floor, the distance of real images of other
    patients, in any family; or where an other measurement does so on its worse side.

    Args:
        evidence: Synthetic images and members; held-out images where there are any.

    Raises:
        UserError: There are too few synthetic images.
    """
    families = find_families(evidence)
    values, missing = measure_families(families, list_measurements(None, without=DIVERSITY), evidence.seed)
    spectra, difference = measure_spectra(families, evidence.seed)
    values.append(spectra)
    whole = [value for value in values if value.images == "all"]
    worse = [value for value in whole if is_worse(value, find_worse_side(value))]
    return Answer(
        outcome="fault" if worse else "clear",
        verdict=write_verdict(whole, worse, difference),
        values=tuple(values),
        details={
            "images": count_images(evidence),
            "worse_than_floor": [f"{value.name} in {value.extractor or 'images'}" for value in worse],
            "classes_worse_than_floor": [
                f"{value.name} in {value.extractor}, {value.images}"
                for value in values
                if value.images != "all" and is_worse(value, find_worse_side(value))
            ],
            "spectrum_by_radius_db": [round(float(one), 3) for one in difference.by_radius_db],
            "fine_detail_db": vars(difference.fine_db),
            "checkerboard_db": {f"{period} px": vars(one) for period, one in difference.checkerboard_db.items()},
        },
        warnings=(*missing, *find_closer(whole)),
    )


def measure_spectra(families: Families, seed: int) -> tuple[Value, SpectralDifference]:
    """Returns the distance of the spectra as a value, and where they differ."""
    generated, real, peer = families.spectra
    return Value(SPECTRUM, measure_spectrum(generated, real, peer, seed)), compare_spectra(generated, real, seed)


def write_verdict(whole: list[Value], worse: list[Value], difference: SpectralDifference) -> str:
    """Returns the verdict.

    Args:
        whole: Values of all images.
        worse: Those of them that lie on the worse side of their floor.
        difference: Differences of the spectra.
    """
    heads = [f"in {value.extractor}, {write_beside_floor(value)}" for value in whole if value.name == HEADLINE]
    distances = f"Frechet distance {'; '.join(heads)}."
    if not worse:
        limits = [beside for value in whole if value.name == HEADLINE if (beside := place_beside_floor(value.measured))]
        seen = [f"{one.visible[1] / one.floor.value:.1f}" for one in limits if one.floor.value > 0]
        limit = f" A distance above {max(seen)} times that between real patients would have been seen." if seen else ""
        return f"No difference from real images is shown. {distances}{limit}"
    names = sorted({value.name for value in worse})
    spectrum = write_spectrum(difference) if any(value.name == SPECTRUM for value in worse) else ""
    return f"Synthetic images differ from real ones ({', '.join(names)}). {distances}{spectrum}"


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


def find_closer(whole: list[Value]) -> list[str]:
    """Returns a warning where synthetic images lie closer to the members than real images of other patients do."""
    closer = [value.extractor for value in whole if value.name == HEADLINE and is_worse(value, "below")]
    where = ", ".join(closer)
    return [f"Closer to the members than images of other patients are, in {where}: see copies."] if closer else []
