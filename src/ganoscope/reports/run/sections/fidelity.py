"""Generated images beside real ones: distances and shares in feature spaces, with floors, and what was screened out."""

from collections.abc import Iterator, Mapping
from typing import Any

from ganoscope.evaluate.generated_measurements import NAME
from ganoscope.files.records import load_mapping, reading
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.kit.estimates import write_decimal, write_estimate
from ganoscope.reports.run.artefacts import Sources

MEANINGS = {
    "frechet_distance": "squared distance of the two clouds of features, as if both were Gaussian; lower is better",
    "kernel_distance": "the same without that assumption, unbiased at any number of images; lower is better",
    "precision": "share of generated images in the neighbourhood of a real one; higher is better",
    "recall": "share of real images in the neighbourhood of a generated one; higher is better",
    "density": "number of real neighbourhoods around a generated image, relative to its expectation; higher is better",
    "coverage": "share of real images with a generated one in their neighbourhood; higher is better",
    "clipped_density": "the same as precision, on the scale of good images, robust to outliers; 1 is best",
    "clipped_coverage": "share of good images that would cover the real ones as far; 1 is best",
    "vendi_score": "number of images that would be as varied, were all entirely unlike; best as in real images",
}
"""What the measurements say, by name, in the order of the table."""
TITLE = "Generated images beside real ones"
HEADER = ("Measurement", "Generated (95% interval)", "Generated, at the floor's size", "Real against real: the floor")
CLASS_HEADER = ("Class", *HEADER)
TEXT = (
    "Distances and shares in feature spaces. The floor is what real images of other patients reach against the same "
    "training images; compare it with the third column, which has as many images. At the floor, this measure can't "
    "tell generated from real images; beyond it, generated images lie closer to the training images than unseen "
    "patients do, as copies would. No single feature space can be trusted on medical images."
)


def make_chapter(sources: Sources) -> Chapter | None:
    """Returns the chapter on a folder of generated images; None where none was named.

    Raises:
        UserError: The file of measurements is damaged.
    """
    if sources.config.generated is None or sources.translates:
        return None
    if sources.store.value is None:
        missing = f"They were not compared, because that needs the real images. {sources.store.missing}"
        return Chapter("fidelity", TITLE, (Section((missing,)),))
    with reading(sources.evaluation / NAME):
        content = load_mapping(sources.evaluation / NAME)
        return Chapter("fidelity", TITLE, tuple(describe_comparison(content, sources.classifier_dangers)))


def compares(sources: Sources) -> bool:
    """Tells whether a report gives a distance between generated and real images; not where a set is too small.

    Raises:
        UserError: The file of measurements is damaged.
    """
    if sources.config.generated is None or sources.translates or sources.store.value is None:
        return False
    with reading(sources.evaluation / NAME):
        results = load_mapping(sources.evaluation / NAME)["results"]
        return any("frechet_distance" in one["all"] for one in results)


def describe_comparison(content: Mapping[str, Any], dangers: tuple[str, ...]) -> Iterator[Section]:
    """Yields what was compared, and the results in every feature space.

    Args:
        content: Content of the file of measurements.
        dangers: What is wrong with the classifier that gives one of the feature spaces.
    """
    counts = content["images"]
    compared = (
        f"Compared are {counts['generated']:,} of {counts['in_folder']:,} generated images in `{content['folder']}` "
        f"({content['source']}) with {counts['training']:,} training images; the floor is that of "
        f"{counts['held_out']:,} held-out images. Seed {content['seed']}."
        if counts["held_out"]
        else f"Compared are {counts['generated']:,} of {counts['in_folder']:,} generated images in "
        f"`{content['folder']}` ({content['source']}) with {counts['training']:,} training images; the store has no "
        f"held-out images, so the floor is that of halves of the training images. Seed {content['seed']}."
    )
    points = tuple(f"{title(name)}: {meaning}." for name, meaning in MEANINGS.items())
    yield Section((TEXT, compared, *dangers), points=points)
    for space in content["results"]:
        yield from describe_space(space)


def describe_space(space: Mapping[str, Any]) -> Iterator[Section]:
    """Yields the results in one feature space: of all images, and by class."""
    name = f"Features of {space['extractor']} ({space['features']:,} features)"
    if "missing" in space["all"]:
        yield Section((f"{name}: nothing was measured. {space['all']['missing']}",))
        return
    warnings = dict.fromkeys(warning for one in space["all"].values() for warning in one.get("warnings", ()))
    yield Section(
        tuple(f"{warning[:1].upper()}{warning[1:]}" for warning in warnings),
        (Table(f"{name}: all images", HEADER, tuple(write_row(*one) for one in sort_rows(space["all"]))),),
    )
    rows, missing = [], []
    for label, found in space["classes"].items():
        if "missing" in found:
            missing.append(f"Class {label} was not measured: {found['missing']}")
        else:
            rows += [(label, *write_row(*one)) for one in sort_rows(found)]
    if rows or missing:
        tables = (Table(f"{name}: by class", CLASS_HEADER, tuple(rows), long=True),) if rows else ()
        yield Section(tuple(missing), tables)


def sort_rows(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Returns measurements with their names, in the order of `MEANINGS`; unknown ones last."""
    order = list(MEANINGS)
    return sorted(found.items(), key=lambda one: order.index(one[0]) if one[0] in order else len(order))


def title(name: str) -> str:
    """Returns the name of a measurement as a page shows it."""
    return name.replace("_", " ").replace("frechet", "Fréchet").capitalize()


def write_row(name: str, measured: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns a measurement as a row of the table."""
    floor = measured["floor"]
    return (
        title(name),
        write_estimate(measured["value"]),
        write_decimal(measured.get("at_floor_size")),
        write_estimate(floor) if floor else "none",
    )
