"""What the numbers of a report do not show."""

from collections.abc import Collection
from pathlib import Path

from ganoscope.evaluate import generated_measurements
from ganoscope.evaluate.fidelity.diversity import Diversity
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.run.artefacts import Sources
from ganoscope.reports.run.sections.fidelity import compares
from ganoscope.reports.run.sections.measurements import list_measurements

COMPARISON = Path(generated_measurements.NAME).stem
NOT_MEASURED = {
    "Memorisation is not measured here. Nothing in this report shows that generated images are not copies of training "
    "images, or that no training image can be recovered from the model. Synthetic does not mean anonymous.": (
        "copies",
        "memorisation",
        "membership",
    ),
    "Fidelity is not measured here: no distance between the distributions of real and generated images, no reading by "
    "radiologists. Sample grids are for visual inspection; 64 images are too few to assess rare failures.": (
        "frechet_distance",
        "kernel_distance",
        COMPARISON,
    ),
    "Usefulness is not measured here: whether these images help to train a classifier needs a separate study.": (
        "usefulness",
    ),
}
"""What is not measured, with the names of measurements (files in RUN/evaluation); any of them would measure it."""
ALWAYS = (
    "One run with one seed. The intervals reflect which images and pairs were compared, not how another training run "
    "would have turned out.",
    "Loss curves, D(x) and D(G(z)) describe the competition between two networks on training images. They do not "
    "measure image quality.",
)
ON_DIVERSITY = (
    "MS-SSIM measures how similar images are, not how realistic: noise is diverse, too. A mean over pairs can miss a "
    "generator that repeats a few images exactly but rarely, or leaves out a rare finding."
)
ON_COMPARISON = (
    "Distances in feature spaces compare whole sets of images: they can miss rare failures and wrong anatomy, and are "
    "no reading by radiologists. Sample grids are for visual inspection."
)
ON_EXPLANATIONS = (
    "Heat maps show where a discriminator's score depends on the image, at the resolution of the layer they come from; "
    "they do not show why. They explain this discriminator, not the disease, and not the generator."
)
ON_TRANSLATION = (
    "A translated image is made from a patient's image and shows that patient's anatomy: it is patient data. What was "
    "added or removed is what the networks learned as the difference between the two domains, which may be a device, "
    "an age or a hospital as well as a disease."
)
ON_SMALL_SETS = "Only {images:,} held-out real images were available for comparison: the real values are uncertain."
SMALL_SET = 100


def make_chapter(sources: Sources) -> Chapter:
    """Returns the chapter on limits."""
    measured = [path.stem for path in list_measurements(sources.evaluation)]
    compared = [COMPARISON] if compares(sources) or sources.counterfactuals.value else []
    points = (
        *list_unmeasured([*measured, *compared]),
        *([ON_COMPARISON] if compared else []),
        *ALWAYS,
        *([ON_TRANSLATION] if sources.translates else []),
        *list_diversity_limits(sources.diversity.value),
        *([ON_EXPLANATIONS] if sources.explanations.value else []),
    )
    return Chapter("limits", "Limits", (Section(points=points),))


def list_unmeasured(measured: Collection[str]) -> tuple[str, ...]:
    """Returns what is not measured, given the names of all measurements."""
    return tuple(limit for limit, names in NOT_MEASURED.items() if not any(name in measured for name in names))


def list_diversity_limits(measured: Diversity | None) -> tuple[str, ...]:
    """Returns the limits of the diversity measurement; nothing where there is none."""
    if measured is None:
        return ()
    held_out = measured.held_out
    few = held_out is not None and held_out.images < SMALL_SET
    return (ON_DIVERSITY, ON_SMALL_SETS.format(images=held_out.images)) if held_out and few else (ON_DIVERSITY,)
