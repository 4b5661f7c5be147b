"""The counterfactuals in a report: what they are worth in tables, and what they look like."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ganoscope.alarms import Alarm, load_alarms
from ganoscope.files import load_json, read_csv
from ganoscope.reports.kit.content import Block, Part, Table, write_number
from ganoscope.reports.kit.pictures import Picture, embed_image
from ganoscope.reports.run.explanations import check_origin, find_results, read_summary, write_estimate

PANELS = 4
"""Panels that are shown: the first."""
MEASURES = {
    "flip": "Explained classifier: answer becomes the target (validity)",
    "judge_flip": "Independent judge: answer becomes the target",
    "probability_before": "Explained classifier: probability of the target before",
    "probability_after": "Explained classifier: probability of the target after",
    "judge_probability_before": "Judge: probability of the target before",
    "judge_probability_after": "Judge: probability of the target after",
    "flip_strength": "Strength from which on the explained classifier says target",
    "judge_flip_strength": "Strength from which on the judge says target",
    "flip_after_blur": "Of the flips, hold after a blur",
    "flip_by_blur": "Flips by the blur alone",
    "flip_as_written": "Of the flips, hold in the written file",
    "attack_flip": "Noise of equal L2 norm: flips the explained classifier",
    "attack_judge_flip": "Noise: flips the judge",
    "attack_flip_strength": "Noise: share from which on the explained classifier says target",
    "attack_judge_flip_strength": "Noise: share from which on the judge says target",
    "attack_flip_after_blur": "Noise: of its flips, hold after a blur",
    "attack_norm": "Noise: L2 norm over the change's",
    "l1": "Mean absolute change (stored units)",
    "ssim": "Structural similarity to the original",
    "changed_share": "Share of pixels changed",
    "change_in_lesion": "Share of the change in the annotated finding",
    "lesion_area": "Share of the area that the finding covers",
    "change_in_padding": "Share of the change in the padding beside the picture",
    "padding_area": "Share of the square that is padding",
    "identity_l1": "Change of images translated to their own class (stored units)",
    "cycle_l1": "Difference after there and back (stored units)",
}
"""What each measure is called, in the order in which they are listed."""
CAPTIONS = {
    "dose_response": "Mean probability of the target class as the change grows, and as adversarial noise of the same "
    "L2 norm grows; bands are 95 % intervals of the change's curves.",
    "controls": "How often counterfactuals and noise of equal L2 norm convince classifiers, with 95 % intervals.",
}
SHEET = "Images as given, their counterfactuals, the difference, and what comes back."
PANEL = "One image: original, counterfactual, difference, and back; Grad-CAM beside it, dose and response, predictions."


@dataclass(frozen=True)
class Counterfactuals:
    """What a folder of counterfactuals holds.

    Attributes:
        summary: The text of the summary.
        protocol: How they were measured, in sentences.
        tables: What was measured.
        figures: Contact sheet, charts and some panels.
        alarms: What to know before believing them.
    """

    summary: tuple[Block, ...]
    protocol: tuple[str, ...]
    tables: tuple[Table, ...]
    figures: tuple[Picture, ...]
    alarms: list[Alarm]


def load_counterfactuals(run: Path, wanted: Path | None, weights_sha256: str) -> Part[Counterfactuals]:
    """Returns the counterfactuals in the folder that is asked for, or in RUN/counterfactuals where it exists.

    Args:
        run: Folder of the run.
        wanted: The folder asked for.
        weights_sha256: Of the generators that the report is about.

    Raises:
        UserError: The folder asked for does not exist or holds no counterfactuals, or a file in it is damaged.
    """
    folder = find_results(run, wanted, "counterfactuals", "counterfactual")
    if folder is None:
        return Part(missing="The run has no counterfactuals yet; `ganoscope counterfactual` makes them.")
    results = load_json(folder / "results.json")
    return Part(
        Counterfactuals(
            summary=read_summary(folder / "summary.txt"),
            protocol=describe_protocol(results),
            tables=(*tabulate_measures(results), *tabulate_realism(results), *tabulate_fidelity(results)),
            figures=tuple(list_pictures(folder)),
            alarms=[
                *check_origin(results, weights_sha256, "counterfactuals", "counterfactual"),
                *load_alarms(folder / "alarms.json"),
            ],
        )
    )


def describe_protocol(results: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns how the counterfactuals were measured."""
    images, protocol = results["images"], results["protocol"]
    targets = ", ".join(f"{write_number(count)} to {name}" for name, count in images["by_target"].items())
    asked = {name: results[name] for name in ("explained", "judge") if results[name]}
    classifiers = "; ".join(f"{name}: {one['network']} trained on {one['trained_on']}" for name, one in asked.items())
    return (
        f"{images['n']:,} images of {images['groups']:,} patients or groups ({targets}). "
        f"{classifiers.capitalize() if classifiers else 'No classifier was asked'}. Intervals: {results['interval']}.",
        f"A pixel counts as changed above {protocol['changed_above']:.3g} stored units; masks are dilated by "
        f"{protocol['lesion_margin_px']} px; the blur is {protocol['blur_px']:g} px; adversarial control: "
        f"{protocol['attack']}; strengths: {protocol['interpolation']}.",
    )


def tabulate_measures(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yields the table of measures: a row for each, a column for each set of images."""
    sets = results["measures"]["sets"]
    rows = tuple(
        (words, *(write_estimate(found[name]) if name in found else "" for found in sets.values()))
        for name, words in MEASURES.items()
        if any(name in found for found in sets.values())
    )
    yield Table("Measures: mean (95 % interval), number of images", ("Measure", *map(str.capitalize, sets)), rows)


def tabulate_realism(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yields the kernel distances to real images of the target."""
    header = ("To, by features of", "Originals", "Counterfactuals", "Real from real")
    rows = tuple(
        (f"{target}, {extractor}", *(write_estimate(one[name]) for name in ("originals", "counterfactuals", "floor")))
        for extractor, targets in results["realism"].items()
        for target, one in targets.items()
    )
    if rows:
        yield Table("Kernel distance (KID) to real images of the target class: lower is nearer", header, rows)


def tabulate_fidelity(results: Mapping[str, Any]) -> Iterator[Table]:
    """Yields how far Hounsfield units are from those of the target domain."""
    rows = []
    for target, one in results["hu_fidelity"].items():
        floor = write_estimate(one["floor"]) if one["floor"] else ""
        before, after = one["before"], one["after"]
        rows.append((f"{target}: histogram distance (HU)", *map(write_hu, (before, after)), floor))
        rows += [
            (
                f"{target}: mean HU in {tissue}, minus real",
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
            ("To", "Before", "After", "Halves of real"),
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
    rows = [row for row in read_csv(folder / "results.csv") if row["panel"]]
    for row in sorted(rows, key=lambda row: row["already"])[:PANELS]:  # "no" before "yes": true counterfactuals first
        yield show_picture(folder / row["panel"], PANEL)


def show_picture(path: Path, caption: str, width_px: int = 1000) -> Picture:
    """Returns a picture with its caption."""
    with Image.open(path) as image:
        return Picture(embed_image(image.convert("RGB")), caption.partition(":")[0], caption, width_px=width_px)
