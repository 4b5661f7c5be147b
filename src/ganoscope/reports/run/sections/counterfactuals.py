"""The counterfactuals of a run: how well they hold up, in tables, and what they look like."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganoscope.errors import UserError
from ganoscope.files.records import load_mapping, reading
from ganoscope.files.tables import read_csv
from ganoscope.reports.kit.content import Chapter, Section, Table, write_number
from ganoscope.reports.kit.estimates import write_estimate
from ganoscope.reports.kit.pictures import Picture, show_file
from ganoscope.reports.kit.text_blocks import read_blocks
from ganoscope.reports.run.artefacts import Sources

SCHEMA_VERSION = 2
"""Version of the results that can be shown."""
PANELS = 4
"""Panels that are shown, in turn from each direction."""
MEASURES = {
    "flip": "Explained classifier: prediction becomes the target class (validity)",
    "judge_flip": "Independent classifier: prediction becomes the target class",
    "probability_before": "Explained classifier: probability of the target class before",
    "probability_after": "Explained classifier: probability of the target class after",
    "judge_probability_before": "Independent classifier: probability of the target class before",
    "judge_probability_after": "Independent classifier: probability of the target class after",
    "flip_strength": "Strength from which on the explained classifier predicts the target class",
    "judge_flip_strength": "Strength from which on the independent classifier predicts the target class",
    "flip_after_blur": "Share of the flips that persist after a blur",
    "flip_by_blur": "Flips by the blur alone",
    "flip_as_written": "Share of the flips that persist in the written file",
    "attack_flip": "Noise of equal L2 norm: flips the explained classifier",
    "attack_judge_flip": "Noise: flips the independent classifier",
    "attack_flip_strength": "Noise: share from which on the explained classifier predicts the target class",
    "attack_judge_flip_strength": "Noise: share from which on the independent classifier predicts the target class",
    "attack_flip_after_blur": "Noise: share of its flips that persist after a blur",
    "attack_norm": "Noise: L2 norm, divided by that of the change",
    "l1": "Mean absolute change (stored units)",
    "ssim": "Structural similarity to the original",
    "changed_share": "Share of pixels changed",
    "change_in_lesion": "Share of the change inside the annotated finding",
    "lesion_area": "Share of the area that the finding covers",
    "change_in_anatomy": "Share of the change inside the outlined anatomy",
    "anatomy_area": "Share of the area that the anatomy covers",
    "change_in_padding": "Share of the change in the padding beside the picture",
    "padding_area": "Share of the square that is padding",
    "identity_l1": "Change of images translated to their own class (stored units)",
    "cycle_l1": "Difference after translation there and back (stored units)",
}
"""What each measure is called, in the order in which they are listed."""
CLASSIFIERS = {"explained": "explained classifier", "judge": "independent classifier"}
CAPTIONS = {
    "dose_response": "For each direction, mean probability of the target class as the change grows, and as adversarial "
    "noise of the same L2 norm grows; bands are 95% intervals of the change's curves.",
    "controls": "For each direction, how often counterfactuals, and noise of equal L2 norm, flip the classifiers' "
    "predictions, with 95% intervals.",
}
SHEET = "Input images, their counterfactuals, the difference, and the translation back, in equal parts by direction."
PANEL = (
    "One image, {}: original, counterfactual, difference, and translation back; Grad-CAM beside it, dose-response "
    "curve, predictions."
)


def make_chapter(sources: Sources) -> Chapter | None:
    """Returns the chapter on counterfactuals; None for a run that generates images from noise.

    Raises:
        UserError: A file in their folder is damaged.
    """
    if not sources.translates:
        return None
    found = sources.counterfactuals
    sections = describe_counterfactuals(found.value) if found.value else (Section((found.missing,)),)
    return Chapter("counterfactuals", "Counterfactuals", sections)


def describe_counterfactuals(folder: Path) -> tuple[Section, ...]:
    """Returns the content of a folder of counterfactuals: its summary, how they were measured, tables, pictures.

    Raises:
        UserError: The folder was written by another version, or is damaged.
    """
    with reading(folder / "results.json"):
        return compose_sections(folder, load_mapping(folder / "results.json"))


def compose_sections(folder: Path, results: Mapping[str, Any]) -> tuple[Section, ...]:
    """Returns the sections about a folder of counterfactuals.

    Args:
        folder: The folder.
        results: Content of its `results.json`.

    Raises:
        UserError: It was written by another version.
    """
    if results.get("schema_version") != SCHEMA_VERSION:
        raise UserError(
            f"{folder / 'results.json'} was written by another version of ganoscope, without results by direction; "
            "make it again with `ganoscope counterfactual`."
        )
    tables = (*tabulate_measures(results), *tabulate_realism(results), *tabulate_fidelity(results))
    return (
        Section(describe_protocol(results), blocks=read_blocks(folder / "summary.txt")),
        *(Section(tables=(table,)) for table in tables),
        Section(figures=tuple(list_pictures(folder))),
    )


def describe_protocol(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns how the counterfactuals were measured."""
    images, protocol = results["images"], results["protocol"]
    directions = ", ".join(f"{write_number(count)} {name}" for name, count in images["by_direction"].items())
    asked = {words: results[name] for name, words in CLASSIFIERS.items() if results[name]}
    listed = [f"{words}: {one['network']} trained on {one['trained_on']}" for words, one in asked.items()]
    classifiers = "; ".join(listed) or "no classifier was applied"
    return (
        f"{images['n']:,} images of {images['groups']:,} patients or groups ({directions}). "
        f"{classifiers[:1].upper()}{classifiers[1:]}. Intervals: {results['interval']}.",
        f"A pixel counts as changed above {protocol['changed_above']:.3g} stored units; masks are dilated by "
        f"{protocol['lesion_margin_px']} px; the blur is {protocol['blur_px']:g} px; adversarial control: "
        f"{protocol['attack']}; strengths: {protocol['interpolation']}.",
    )


def tabulate_measures(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yields the table of measures: a row for each, a column for each direction."""
    sets = results["measures"]["sets"]
    rows = tuple(
        (words, *(write_estimate(found[name]) if name in found else "" for found in sets.values()))
        for name, words in MEASURES.items()
        if any(name in found for found in sets.values())
    )
    yield Table("Measures: mean (95% interval), number of images", ("Measure", *sets), rows)


def tabulate_realism(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yields the kernel distances to real images of the target."""
    header = ("Direction, features", "Originals", "Counterfactuals", "Real to real")
    rows = tuple(
        (
            f"{direction}, {extractor}",
            *(write_estimate(one[name]) for name in ("originals", "counterfactuals", "floor")),
        )
        for extractor, directions in results["realism"].items()
        for direction, one in directions.items()
    )
    if rows:
        yield Table("Kernel distance (KID) to real images of the target class: lower is closer", header, rows)


def tabulate_fidelity(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yields the table of distances between Hounsfield units and those of the target domain."""
    rows = []
    for direction, one in results["hu_fidelity"].items():
        floor = write_estimate(one["floor"]) if one["floor"] else ""
        before, after = one["before"], one["after"]
        rows.append((f"{direction}: histogram distance (HU)", *map(write_hu, (before, after)), floor))
        rows += [
            (
                f"{direction}: mean HU in {tissue}, minus real",
                write_estimate(before["tissue_error_hu"][tissue]),
                write_estimate(error),
                "",
            )
            for tissue, error in after["tissue_error_hu"].items()
            if tissue in before["tissue_error_hu"]
        ]
    if rows:
        yield Table(
            "Hounsfield units against real images of the target",
            ("Direction", "Before", "After", "Two halves of real"),
            tuple(rows),
        )


def write_hu(distance: Mapping[str, Any]) -> str:
    """Returns a histogram distance as text."""
    return write_estimate(distance["wasserstein_hu"])


def list_pictures(folder: Path) -> Iterator[Picture]:
    """Yields the contact sheet, the charts, and the first panels."""
    if (folder / "contact_sheet.png").exists():
        yield show_picture(folder / "contact_sheet.png", SHEET)
    for name, caption in CAPTIONS.items():
        if (folder / "figures" / f"{name}.png").exists():
            yield show_picture(folder / "figures" / f"{name}.png", caption, 700)
    rows = read_csv(folder / "results.csv", ("panel", "already", "direction"))
    for row in choose_panels([row for row in rows if row["panel"]]):
        yield show_picture(folder / row["panel"], PANEL.format(row["direction"]))


def choose_panels(rows: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Returns the rows of the panels to show: in turn from each direction, true counterfactuals first."""
    ranks: Counter[tuple[str, str]] = Counter()
    order = []
    for row in rows:
        kind = row["already"], row["direction"]  # "no" before "yes"
        order.append((row["already"], ranks[kind], row["direction"]))
        ranks[kind] += 1
    chosen = sorted(range(len(rows)), key=order.__getitem__)[:PANELS]
    return [rows[index] for index in chosen]


def show_picture(path: Path, caption: str, width_px: int = 1000) -> Picture:
    """Returns a picture with its caption.

    Args:
        path: The picture's file.
        caption: What to read from it; up to the colon, what it shows.
        width_px: Its width on the page.
    """
    return show_file(path, caption, caption.partition(":")[0], width_px)
