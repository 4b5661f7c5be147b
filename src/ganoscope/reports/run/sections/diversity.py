"""Within-set similarity of generated and of real images: a chart, a table, and how it was measured."""

from collections.abc import Mapping

from ganoscope.evaluate.fidelity.diversity import PAIRS, Diversity, SetDiversity
from ganoscope.figures.axes import COLOURS, make_figure, measure_arms, styled, to_svg
from ganoscope.reports.kit.content import Chapter, Section, Table, write_interval
from ganoscope.reports.kit.pictures import Picture, embed_svg
from ganoscope.reports.run.artefacts import Sources

HEADER = ("Images", "n", "Groups", "Pairs", "Mean MS-SSIM (95% interval)")
CAPTION = "Mean MS-SSIM with 95% intervals. Generated images should be as diverse as real ones."


def make_chapter(sources: Sources) -> Chapter | None:
    """Returns the chapter on diversity; None for a translation."""
    if sources.translates:
        return None
    measured = sources.diversity
    section = describe_diversity(measured.value) if measured.value else Section((measured.missing,))
    return Chapter("diversity", "Diversity", (section,))


def describe_diversity(result: Diversity) -> Section:
    """Returns the within-set similarity as a chart and a table, with its protocol."""
    sets = list_sets(result)
    rows = tuple(
        (name, f"{one.images:,}", f"{one.groups:,}", f"{one.pairs:,}", write_interval(one.mean, one.low, one.high))
        for name, one in sets.items()
    )
    picture = Picture(embed_svg(draw_diversity(sets)), "Mean MS-SSIM of sets of images", CAPTION)
    return Section(describe_protocol(result), (Table("Within-set similarity", HEADER, rows),), (picture,))


def list_sets(result: Diversity) -> dict[str, SetDiversity]:
    """Returns the sets of images that were compared, by name."""
    held_out = {"Held-out real": result.held_out} if result.held_out else {}
    return {"Generated": result.generated, **held_out, "Training": result.training}


def describe_protocol(result: Diversity) -> tuple[str, ...]:
    """Returns how diversity was measured."""
    absent = " The store has no held-out images; training images are the reference." if not result.held_out else ""
    return (
        "How similar the images of one set are to each other: the multi-scale structural similarity of two different "
        "images (MS-SSIM, 1 for identical images), averaged over random pairs of the set. A value for generated images "
        "well above that for real ones means that the generator repeats itself; a value well below may mean noise."
        f"{absent}",
        f"Up to {result.number:,} images and {PAIRS:,} pairs per set, seed {result.seed}; {result.scales} scales, "
        f"window of {result.kernel_px} px (Wang et al. 2003, with the published weights of these scales, normalised). "
        "The intervals account for pairs that share an image or a patient group (Aronow et al. 2015).",
    )


@styled
def draw_diversity(sets: Mapping[str, SetDiversity]) -> str:
    """Returns mean MS-SSIM with its interval, one line per set of images, as SVG."""
    figure = make_figure(0.75 + 0.38 * len(sets))
    axes = figure.add_subplot()
    for index, part in enumerate(sets.values()):
        ends = measure_arms(part.mean, part.low, part.high)
        look = {"color": COLOURS[index], "marker": "osD"[index % 3], "markersize": 5, "clip_on": False}
        axes.errorbar(part.mean, index, xerr=ends, capsize=5, elinewidth=1.6, capthick=1.6, zorder=5, **look)
    highest = max(part.high for part in sets.values())
    axes.set(
        yticks=range(len(sets)),
        yticklabels=list(sets),
        ylim=(len(sets) - 0.5, -0.5),
        xlim=(0, min(1.0, 1.25 * highest)),
        xlabel="mean MS-SSIM between two different images of one set (to the left: more diverse)",
    )
    return to_svg(figure)
