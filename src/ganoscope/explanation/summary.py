"""The findings in plain sentences: what was measured, on how many images, and what it can't say."""

from collections.abc import Iterator

from ganoscope.explanation.checks.randomisation import FULL_DRAWS
from ganoscope.explanation.findings import MIN_IMAGES, Findings, SetFindings, TargetFindings, compare_with_random
from ganoscope.explanation.regions import band_width
from ganoscope.statistics.bootstrap import Estimate

TITLES = {"why_real": "speaks for real", "why_generated": "speaks for generated"}


def write_summary(findings: Findings, source: str, size: int, cell_px: float, explainer: str, layer: str) -> str:
    """Returns the summary as text.

    Args:
        findings: All statistics.
        source: Which store the real images are of, in words.
        size: Side of the images in pixels.
        cell_px: Side of one cell of the explained layer's map, in pixels of the image; 0 where it is not known.
        explainer: Name of the explainer.
        layer: Name of the layer.
    """
    sentences = [f"{source[:1].upper()}{source[1:]}.", *describe_discriminator(findings)]
    for name, target in findings.targets.items():
        sentences += ["", f"What {TITLES[name]}:"]
        for kind, one in target.sets.items():
            sentences += describe_set(name, kind, one)
        sentences += [describe_difference(target), describe_check(target)]
    return "\n".join([*sentences, "", *describe_limits(size, cell_px, explainer, layer)]) + "\n"


def describe_discriminator(findings: Findings) -> Iterator[str]:
    """Yields how good the explained discriminator is."""
    probability, sets = findings.probability, findings.targets["why_real"].sets
    yield (
        f"The discriminator tells {sets['real'].images} held-out real from {sets['generated'].images} generated "
        f"images with an AUROC of {say(findings.auroc, 1, 2)}; 0.5 is guessing."
    )
    if not probability["real"].n:
        yield "Only differences between its scores have a meaning: it gives no probability."
        return
    yield (
        f"Its mean probability of real is {say(probability['real'], 1, 2)} for real and "
        f"{say(probability['generated'], 1, 2)} for generated images (in evaluation mode)."
    )


def describe_set(name: str, kind: str, one: SetFindings) -> Iterator[str]:
    """Yields where attention lies in one set, and whether it moves the score."""
    shown = one.images - one.empty
    if one.empty:
        yield f"{one.empty} of {one.images} maps of {kind} images are empty and left out: nothing {TITLES[name]} there."
    if shown < MIN_IMAGES:
        yield f"That leaves {shown} {kind} images: too few to say where attention lies."
        return
    inside, boundary, outside = one.regions["inside"], one.regions["boundary"], one.regions["background"]
    yield (
        f"In {shown} {kind} images, {say(inside.share, 100, 0)} % of the attention that {TITLES[name]} lies inside the "
        f"anatomy, which covers {inside.area.value:.0%} of the picture; {say(boundary.share, 100, 0)} % lies on its "
        f"boundary ({boundary.area.value:.0%} of the picture), and {say(outside.share, 100, 0)} % in the background "
        f"({outside.area.value:.0%})."
    )
    if not one.deletion.gain.n:
        return
    yield (
        f"Against random maps, over {one.deletion.gain.n} images, blurring the marked pixels first is better by "
        f"{say(one.deletion.gain, 1, 2)}, and bringing them back first by {say(one.insertion.gain, 1, 2)} "
        "(mean logit along the way; above 0, the marked pixels move the score more than others, below 0 less)."
    )
    yield from describe_failure(one)


def describe_failure(one: SetFindings) -> Iterator[str]:
    """Yields that the maps of one set do no better than random ones, or worse, where they do."""
    gains = {"blurring": one.deletion.gain, "bringing back": one.insertion.gain}
    for verdict, interval in (("no better", "includes 0"), ("worse", "lies below 0")):
        kinds = " and ".join(kind for kind, gain in gains.items() if compare_with_random(gain) == verdict)
        if kinds:
            yield f"By {kinds}, this explanation does {verdict} than random maps: the interval {interval}."


def describe_difference(target: TargetFindings) -> str:
    """Returns how real and generated images differ."""
    inside = target.difference["inside"]
    shown = [one.images - one.empty for one in target.sets.values()]
    if min(shown) < MIN_IMAGES:
        return f"Real and generated images aren't compared: one set has fewer than {MIN_IMAGES} maps that aren't empty."
    verdict = "the interval excludes 0" if inside.excludes_zero else "no difference is shown: the interval includes 0"
    return f"Inside the anatomy, real minus generated is {say(inside, 100, 0)} percentage points; {verdict}."


def describe_check(target: TargetFindings) -> str:
    """Returns the outcome of the randomisation check."""
    if target.final_rank_correlation != target.final_rank_correlation:
        return "The randomisation check has nothing to compare: every map is empty."
    return (
        f"After every weight was destroyed, in {FULL_DRAWS} random networks, the maps' mean absolute rank correlation "
        f"with the original is {target.final_rank_correlation:.2f}; for the same maps moved at random it is "
        f"{target.chance_rank_correlation:.2f}, and from 0.50 the maps would count as ignoring the weights."
    )


def describe_limits(size: int, cell_px: float, explainer: str, layer: str) -> Iterator[str]:
    """Yields what the maps can't say."""
    band = 2 * band_width(size)
    yield f"What this can't say ({explainer}, layer {layer}):"
    if cell_px > 1:
        yield (
            f"- The map has cells of {cell_px:g} x {cell_px:g} pixels of the image and is enlarged smoothly; the "
            f"boundary is a band of {band} pixels, so attention at the outline also counts inside and outside of it."
        )
    yield "- The anatomy is the outline that brightness gives; it is no segmentation of organs, and no lesion."
    yield (
        "- A map shows where this layer's activations, times their gradient, raise the score; it does not show "
        "what the discriminator would do without them, and nothing about any diagnosis."
    )
    yield "- The images of one patient may not be recognised as such where the store does not know its patients."


def say(estimate: Estimate, factor: float, digits: int) -> str:
    """Returns a value with its interval.

    Example:
        >>> say(Estimate(0.714, 0.68, 0.74, 64, 60), 100, 0)
        '71 (95 % interval 68 to 74)'
        >>> say(Estimate(-0.001, -0.002, 0.1, 64, 60), 1, 1)
        '0.0 (95 % interval 0.0 to 0.1)'
    """
    numbers = (estimate.value, estimate.low, estimate.high)
    value, low, high = (f"{round(number * factor, digits) + 0.0:.{digits}f}" for number in numbers)  # no "-0"
    return f"{value} (95 % interval {low} to {high})"
