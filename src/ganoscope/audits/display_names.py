"""How numbers and feature families are called in words: one table for verdict, summary, page and card.

A number that is not in the table is called by its short name, with blanks.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Display:
    """A number in words.

    Attributes:
        words: Its name in a sentence.
        multiple: Whether a multiple of its floor says something: it stands for a distance `between` real patients or
            a property `of` them; "" where it does not, such as for a logarithm, or where the floor is 0 but for chance.
    """

    words: str
    multiple: Literal["between", "of", ""] = ""


NUMBERS = {
    "frechet_distance": Display("Fréchet distance", "between"),
    "kernel_distance": Display("kernel distance"),
    "radial_power_spectrum": Display("distance of spectra (dB)", "between"),
    "feature_likelihood_divergence": Display("improbability of unseen real images"),
    "precision": Display("precision (share that looks real)", "of"),
    "density": Display("density (crowding around real images)", "of"),
    "clipped_density": Display("clipped density (share that looks real)", "of"),
    "recall": Display("recall (share of real images within reach)", "of"),
    "coverage": Display("coverage (share of real images met)", "of"),
    "clipped_coverage": Display("clipped coverage (share of real variety)", "of"),
    "vendi_score": Display("Vendi score (images as good as unlike)", "of"),
    "ms_ssim_within_set": Display("resemblance to each other (MS-SSIM)"),
    "hu_wasserstein": Display("distance of Hounsfield units", "between"),
    "ensemble_agreement": Display("agreement with the requested class"),
    "inference_accuracy": Display("class inferred rightly"),
    "inference_advantage": Display("class inferred better than for others by"),
    "copies": Display("copies found"),
    "planted_copies_found": Display("share of planted copies found"),
    "out_of_range": Display("values out of range"),
}
"""Numbers by short name."""
TISSUES = "hu_wasserstein"
"""Number that is also given by tissue, the tissue's name after its own."""
WORDS = {"auc": "AUC", "hu": "HU"}
"""Parts of short names that are written otherwise."""


def find_display(name: str) -> Display:
    """Returns how a number is shown, by its short name; the distance of a tissue is shown as that of all.

    Example:
        >>> find_display("hu_wasserstein_soft_tissue").words, find_display("density_ratio_auc").words
        ('distance of Hounsfield units, soft tissue', 'density ratio AUC')
    """
    if name in NUMBERS:
        return NUMBERS[name]
    tissue = name.removeprefix(f"{TISSUES}_")
    words = " ".join(WORDS.get(part, part) for part in tissue.split("_"))
    if tissue == name:
        return Display(words)
    return Display(f"{NUMBERS[TISSUES].words}, {words}", NUMBERS[TISSUES].multiple)


def name_family(extractor: str) -> str:
    """Returns the name of a feature family in words, without its seed; "" where there is none.

    Example:
        >>> name_family("random network, seed 0"), name_family("small_cnn, trained on chest")
        ('random network', 'small cnn, trained on chest')
    """
    return extractor.partition(", seed ")[0].replace("_", " ")
