"""What the numbers of a report can't say."""

from ganoscope.evaluate.fidelity.diversity import Diversity
from ganoscope.reports.kit.content import Part
from ganoscope.reports.run.explanations import Explanations

ALWAYS = (
    "Memorisation is not measured here. Nothing in this report says that generated images are no copies of training "
    "images, or that no training image can be recovered from the model. Synthetic does not mean anonymous.",
    "Fidelity is not measured here: no distance between the distributions of real and generated images, no reading by "
    "radiologists. Sample grids are for looking; 64 images are too few to judge rare failures.",
    "Usefulness is not measured here: whether these images help to train a classifier needs a study of its own.",
    "One run with one seed. The intervals reflect which images and pairs were compared, not how another training run "
    "would have turned out.",
    "Loss curves, D(x) and D(G(z)) describe the game between two networks on training images. They do not measure the "
    "quality of images.",
)
ON_DIVERSITY = (
    "MS-SSIM tells how alike images are, not how realistic: noise is diverse, too. A mean over pairs can miss a "
    "generator that repeats a few images exactly but rarely, or leaves out a rare finding."
)
ON_EXPLANATIONS = (
    "Heat maps show where a discriminator's score depends on the image, at the resolution of the layer they come from; "
    "they do not show why. They explain this discriminator, not the disease, and not the generator."
)
ON_TRANSLATION = (
    "A translated image is made of a patient's image and shows that patient's anatomy: it is patient data. What "
    "was added or taken away is what the networks learned to tell the two domains apart, which may be a device, an age "
    "or a hospital as well as a disease."
)
ON_SMALL_SETS = "Only {images:,} held-out real images were there to compare with: the real values above are uncertain."
SMALL_SET = 100


def list_limits(explanations: Part[Explanations], measured: Part[Diversity], translates: bool) -> tuple[str, ...]:
    """Returns the limits that apply to what a report shows, of a translation or of images made of noise."""
    limits = [*ALWAYS, ON_TRANSLATION] if translates else list(ALWAYS)
    if measured.value:
        limits.append(ON_DIVERSITY)
        held_out = measured.value.held_out
        if held_out and held_out.images < SMALL_SET:
            limits.append(ON_SMALL_SETS.format(images=held_out.images))
    if explanations.value:
        limits.append(ON_EXPLANATIONS)
    return tuple(limits)
