"""The findings in plain sentences: results, numbers of images, and limits."""

from collections.abc import Iterator

from ganoscope.errors import write_count
from ganoscope.explanation.checks.randomisation import FULL_DRAWS, IGNORES_WEIGHTS
from ganoscope.explanation.findings import MIN_IMAGES, Findings, SetFindings, TargetFindings, compare_with_random
from ganoscope.explanation.regions import band_width
from ganoscope.statistics.estimate import Estimate, count_digits

TITLES = {"why_real": "evidence for 'real'", "why_generated": "evidence for 'generated'"}
"""What a map shows, by target."""


def write_summary(findings: Findings, source: str, size: int, cell_px: float, explainer: str, layer: str) -> str:
    """Returns the summary as text.

    Args:
        findings: All statistics.
        source: Store of the real images, in words.
        size: Side of the images in pixels.
        cell_px: Side of one cell of the explained layer's map, in pixels of the image; 0 where it is not known.
        explainer: Name of the explainer.
        layer: Name of the layer.
    """
    sentences = [f"{source[:1].upper()}{source[1:]}.", *describe_discriminator(findings)]
    for name, target in findings.targets.items():
        sentences += ["", f"{TITLES[name].capitalize()}:"]
        for kind, one in target.sets.items():
            sentences += describe_set(name, kind, one)
        sentences += [describe_difference(target), describe_check(target)]
    return "\n".join([*sentences, "", *describe_limits(size, cell_px, explainer, layer)]) + "\n"


def describe_discriminator(findings: Findings) -> Iterator[str]:
    """Yields how well the explained discriminator separates the sets."""
    probability, sets = findings.probability, findings.targets["why_real"].sets
    yield (
        f"The discriminator distinguishes {sets['real'].images} held-out real from {sets['generated'].images} "
        f"generated images with an AUROC of {say(findings.auroc, 2)}; 0.5 is chance."
    )
    if not probability["real"].n:
        yield "Only differences between its scores are meaningful: it gives no probability."
        return
    yield (
        f"Its mean probability of 'real' is {say(probability['real'], 2)} for real and "
        f"{say(probability['generated'], 2)} for generated images (in evaluation mode)."
    )


def describe_set(name: str, kind: str, one: SetFindings) -> Iterator[str]:
    """Yields where the maps of one set lie, and whether the marked pixels move the score.

    Args:
        name: Name of the target.
        kind: Name of the set: `real` or `generated`.
        one: The set's statistics.
    """
    shown = one.images - one.empty
    if one.empty:
        yield f"{one.empty} of {one.images} maps of {kind} images are empty (no {TITLES[name]}) and left out."
    if one.near_blank:
        yield f"{one.near_blank} of {one.images} maps of {kind} images are near-blank: they hardly vary."
    if shown < MIN_IMAGES:
        remaining = write_count(shown, f"{kind} image remains", f"{kind} images remain")
        yield f"Only {remaining}: too few to locate the evidence."
        return
    inside, boundary, outside = one.regions["inside"], one.regions["boundary"], one.regions["background"]
    yield (
        f"In {shown} {kind} images, {say_share(inside.share)} of the {TITLES[name]} falls inside the anatomy, which "
        f"covers {percent(inside.area.value)} of the picture; {say_share(boundary.share)} falls on its boundary "
        f"({percent(boundary.area.value)} of the picture) and {say_share(outside.share)} in the background "
        f"({percent(outside.area.value)})."
    )
    if one.margin.area.value > 0:
        yield (
            f"Of the same evidence, {say_share(one.margin.share)} falls on the dark bars at the picture's edges "
            f"(padding, air), which cover {percent(one.margin.area.value)} of the picture."
        )
    if not one.deletion.gain.n:
        return
    yield (
        f"Over {one.deletion.gain.n} images, deletion (blurring the marked pixels first) beats random maps by "
        f"{say(one.deletion.gain, 2)}, and insertion (restoring them first) by {say(one.insertion.gain, 2)}, in the "
        "mean logit along the curve; above 0, the marked pixels move the score more than others, below 0 less."
    )
    yield from describe_failure(one)


def describe_failure(one: SetFindings) -> Iterator[str]:
    """Yields a sentence where the maps of one set do no better than random ones, or worse."""
    gains = {"deletion": one.deletion.gain, "insertion": one.insertion.gain}
    for verdict, interval in (("no better", "includes 0"), ("worse", "lies below 0")):
        kinds = " and ".join(kind for kind, gain in gains.items() if compare_with_random(gain) == verdict)
        if kinds:
            yield f"By {kinds}, this explanation does {verdict} than random maps: the interval {interval}."


def describe_difference(target: TargetFindings) -> str:
    """Returns how the maps of real and of generated images differ."""
    inside = target.difference["inside"]
    shown = [one.images - one.empty for one in target.sets.values()]
    if min(shown) < MIN_IMAGES:
        return f"Real and generated images are not compared: one set has fewer than {MIN_IMAGES} non-empty maps."
    verdict = "the interval excludes 0" if inside.excludes_zero else "no difference is shown: the interval includes 0"
    points = say(inside, 0, 100)
    return f"The share inside the anatomy, real minus generated, is {points} percentage points; {verdict}."


def describe_check(target: TargetFindings) -> str:
    """Returns the outcome of the randomisation check."""
    final = target.final_rank_correlation
    if not final.n:
        return "The randomisation check has nothing to compare: every map is empty."
    return (
        f"After all weights were randomised, in {FULL_DRAWS} networks, the mean absolute rank correlation of "
        f"{final.n} maps with the original is {say(final, 2)}; for the same maps moved at random it is "
        f"{target.chance_rank_correlation:.2f}. At {IGNORES_WEIGHTS:.2f} or above, maps count as ignoring the weights."
    )


def describe_limits(size: int, cell_px: float, explainer: str, layer: str) -> Iterator[str]:
    """Yields what the maps can't show.

    Args:
        size: Side of the images in pixels.
        cell_px: Side of one cell of the layer's map, in pixels of the image; 0 where it is not known.
        explainer: Name of the explainer.
        layer: Name of the layer.
    """
    band = 2 * band_width(size)
    yield f"What this can't show ({explainer}, layer {layer}):"
    if cell_px > 1:
        yield (
            f"- The map has cells of {cell_px:g} x {cell_px:g} image pixels and is enlarged smoothly; the boundary is "
            f"a band of {band} pixels, so evidence at the outline also counts inside and outside of it."
        )
    yield "- The anatomy is an outline found by brightness, not a segmentation of organs or lesions."
    yield (
        f"- A map shows where the image raises the score, as {explainer} computes it at this layer. It does not show "
        "what the discriminator would do without these pixels, and has no bearing on any diagnosis."
    )
    yield "- Images of one patient are not recognised as such where the store has no patient ids."


def say(estimate: Estimate, digits: int, factor: float = 1.0) -> str:
    """Returns a value with its interval.

    Args:
        estimate: The value and its interval.
        digits: Decimals; more where a number that is not zero would look like zero.
        factor: What the numbers are multiplied by.

    Example:
        >>> say(Estimate(0.714, 0.68, 0.74, 64, 60), 2)
        '0.71 (95% interval 0.68 to 0.74)'
        >>> say(Estimate(-0.001, -0.002, 0.1, 64, 60), 1)
        '-0.001 (95% interval -0.002 to 0.100)'
    """
    numbers = [number * factor for number in (estimate.value, estimate.low, estimate.high)]
    value, low, high = (write_rounded(number, count_digits(numbers, digits)) for number in numbers)
    return f"{value} (95% interval {low} to {high})"


def say_share(estimate: Estimate) -> str:
    """Returns a share with its interval, as percentages.

    Example:
        >>> say_share(Estimate(0.714, 0.68, 0.74, 64, 60))
        '71% (95% interval 68 to 74%)'
    """
    numbers = [100 * number for number in (estimate.value, estimate.low, estimate.high)]
    value, low, high = (write_rounded(number, count_digits(numbers, 0)) for number in numbers)
    return f"{value}% (95% interval {low} to {high}%)"


def name_set(name: str) -> str:
    """Returns what the maps of a target in one kind of images show, in words.

    Args:
        name: Target and kind, as the evidence of alarms names them.

    Example:
        >>> name_set("why_real on generated")
        "the evidence for 'real' in generated images"
    """
    target, kind = name.split(" on ")
    return f"the {TITLES[target]} in {kind} images"


def percent(share: float) -> str:
    """Returns a share as a percentage, such as 38%."""
    return f"{100 * share:.0f}%"


def write_rounded(number: float, digits: int) -> str:
    """Returns a rounded number as text, never "-0"."""
    return f"{round(number, digits) + 0.0:.{digits}f}"
