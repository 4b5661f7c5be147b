"""The sections of the inspection page after the alarms, each with its sentences, tables, charts and galleries."""

from dataclasses import dataclass

import numpy as np

from ganoscope.reports.kit.content import Table
from ganoscope.reports.kit.pictures import Picture, embed_svg
from ganoscope.reports.store import charts, galleries, tables
from ganoscope.reports.store.evidence import Evidence
from ganoscope.reports.store.galleries import Gallery
from ganoscope.reports.store.wording import LIMITS, describe_citation, describe_privacy, describe_window

WIDE_PX = 1000


@dataclass(frozen=True)
class PagePart:
    """A section in its order of reading: sentences, tables, charts, galleries, a list.

    Attributes:
        anchor: Its name in links.
        title: Its heading.
        sentences: Text; between backticks stands code.
        grouped: Tables whose columns come in groups.
        tables: Other tables.
        figures: Charts and sheets.
        galleries: Galleries.
        items: Points of a list.
    """

    anchor: str
    title: str
    sentences: tuple[str, ...] = ()
    grouped: tuple[tables.GroupedTable, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Picture, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    items: tuple[str, ...] = ()


def make_parts(evidence: Evidence, seed: int) -> tuple[PagePart, ...]:
    """Returns all sections; one without content says so in a sentence."""
    return (
        PagePart("store", "The store", tables=(tables.list_identity(evidence),)),
        show_classes(evidence, seed),
        show_counts(evidence),
        show_patients(evidence),
        show_duplicates(evidence),
        show_shortcuts(evidence),
        show_markers(evidence, seed),
        show_geometry(evidence, seed),
        show_intensities(evidence),
        show_unusual(evidence, seed),
        show_series(evidence),
        show_not_taken(evidence),
        PagePart("privacy", "Privacy", items=describe_privacy(evidence)),
        show_settings(evidence),
        PagePart("limits", "Limits of these checks", items=LIMITS),
    )


def show_classes(evidence: Evidence, seed: int) -> PagePart:
    """Returns a contact sheet per class."""
    number, most = len(evidence.classes), galleries.SHEET_CLASSES
    cut = f" Of {number:,} classes, the {most} with the most images." if number > most else ""
    text = f"Images chosen by chance.{cut} {describe_window(evidence)}"
    return PagePart("classes", "Images of each class", (text,), figures=galleries.make_sheets(evidence, seed))


def show_counts(evidence: Evidence) -> PagePart:
    """Returns images, patients and groups by class and split."""
    text = (
        "A group is what no split may cut: a patient, a cluster of near-duplicates, or both joined. Numbers of groups "
        "say how many independent cases there are; numbers of images do not."
    )
    absent = tables.list_absent(evidence)
    lacking = (f"No image of {', '.join(absent)}: no score on that split says anything about it.",) if absent else ()
    moved = tables.count_source_splits(evidence)
    stated = () if moved else ("The source has no splits of its own.",)
    counted = (tables.count_everything(evidence),)
    return PagePart("counts", "Counts", (text, *lacking, *stated), counted, (moved,) if moved else ())


def show_patients(evidence: Evidence) -> PagePart:
    """Returns how many images each patient has."""
    counts = tables.count_images_of_patients(evidence)[1]
    unknown = int((evidence.columns["patient"] == "").sum())
    if not len(counts):
        return PagePart("patients", "Patients", (f"The patient is unknown for all {unknown:,} images.",))
    missing = f" The patient of {unknown:,} images is unknown." if unknown else ""
    text = (
        f"{len(counts):,} known patients, from {counts.min():,} to {counts.max():,} images each, "
        f"median {np.median(counts):g}.{missing}"
    )
    if counts.max() == counts.min():
        same = f"{len(counts):,} known patients, images of each: {counts.min():,}.{missing}"
        return PagePart("patients", "Patients", (same,))
    alt = f"Bar chart: number of patients by their number of images. {text}"
    chart = show_chart(charts.draw_images_per_patient(counts), alt, "Patients by their number of images.")
    return PagePart("patients", "Patients", (text,), tables=(tables.list_patients(evidence),), figures=(chart,))


def show_duplicates(evidence: Evidence) -> PagePart:
    """Returns the pairs of duplicates: counts, and galleries of the gravest."""
    title = "Duplicates"
    if evidence.pairs is None:
        return PagePart("duplicates", title, ("Not looked for: the store has no duplicates.csv.",))
    if not evidence.pairs:
        return PagePart("duplicates", title, ("None were found, neither exact copies nor near-duplicates.",))
    text = (
        "In each pair the right picture is the left one again, or nearly so, where it is turned as the heading says. "
        "Pairs across splits and pairs with different labels come first. Under each picture: class, the source's split "
        "→ the store's split, sample id. All pairs are in duplicates.csv; a cluster of n pictures is held together by "
        "n - 1 of them."
    )
    counts = (tables.count_pairs(evidence),)
    return PagePart("duplicates", title, (text,), tables=counts, galleries=galleries.make_pair_galleries(evidence))


def show_shortcuts(evidence: Evidence) -> PagePart:
    """Returns how well facts from the manifest tell the class, without a pixel."""
    from ganoscope.data.checks.shortcuts import find_shortcuts  # scikit-learn takes a second to import

    title = "Shortcuts without pixels"
    found = find_shortcuts(evidence.columns)
    if len(evidence.classes) < 2 or not found:
        reason = "there are not two classes" if len(evidence.classes) < 2 else "no fact differs between the images"
        return PagePart("shortcuts", title, (f"Nothing to measure: {reason}.",))
    text = (
        "How well a classifier tells the class from one fact about the file alone. Where a fact does (interval above "
        "0.5), a classifier of the pictures may use it instead of the disease, and a generator reproduces it."
    )
    rows = [
        (entry.name, f"{entry.auc:.3f}", f"{entry.low:.3f} to {entry.high:.3f}", f"{entry.images:,}", entry.note or "-")
        for entry in found
    ]
    table = Table("AUC by fact", ("Fact", "AUC", "Interval", "Images", "Remark"), tuple(rows), words=True)
    measured = [(str(e.name), float(e.auc), float(e.low), float(e.high)) for e in found if np.isfinite(e.auc)]
    if not measured:
        return PagePart("shortcuts", title, (text,), tables=(table,))
    alt = "Bar chart of the AUC of each fact: " + "; ".join(f"{name} {auc:.2f}" for name, auc, *_ in measured) + "."
    caption = "Orange diamonds: the interval lies above chance. Grey circles: it does not."
    chart = show_chart(charts.draw_shortcuts(measured), alt, caption)
    return PagePart("shortcuts", title, (text,), tables=(table,), figures=(chart,))


def show_markers(evidence: Evidence, seed: int) -> PagePart:
    """Returns images with burnt-in text or markers."""
    title = "Burnt-in text and markers"
    seen, searched = evidence.columns["markers"] != "", evidence.columns["searched"] == "1"
    if not seen.any():
        none = (
            f"None were seen in {int(searched.sum()):,} images that were searched. Small pictures are not judged, and "
            "pale or dark text escapes."
        )
        return PagePart("markers", title, (none,))
    text = (
        "Boxes show what looks like letters or markers: a hint, not a certainty. Letters may name a person, and a "
        "classifier may learn them."
    )
    rows = []
    for label in evidence.classes:
        members = searched & (evidence.labels == label)
        number = int((seen & members).sum())
        rows.append((label, f"{int(members.sum()):,}", f"{number:,}", f"{number / max(1, members.sum()):.1%}"))
    table = Table("Images with supposed markers", ("Class", "Searched", "Marked", "Share"), tuple(rows))
    return PagePart(
        "markers", title, (text,), tables=(table,), galleries=(galleries.make_marker_gallery(evidence, seed),)
    )


def show_geometry(evidence: Evidence, seed: int) -> PagePart:
    """Returns sizes, shapes and spacings of the source pictures by class."""
    height, width = evidence.numbers("height_px"), evidence.numbers("width_px")
    spacing = np.array([float((text.split() or ["nan"])[0]) for text in evidence.columns["spacing_mm"]])
    shown = evidence.classes[: charts.CLASSES]
    quantities = {
        "long side of the source (px)": np.maximum(height, width),
        "width / height of the source": width / height,
        "pixel spacing in the store (mm)": spacing,
    }
    panels, constant, unknown, partly = {}, [], [], []
    for name, values in quantities.items():
        there = np.isfinite(values)
        parts = {label: values[there & (evidence.labels == label)] for label in shown}
        if not there.any():
            unknown.append(name)
        elif values[there].min() == values[there].max():
            constant.append(f"{name} {values[there][0]:.4g}")
        elif all(map(len, parts.values())):
            panels[name] = parts
        else:
            partly.append(name)
    found = {"The same for all": constant, "Not known": unknown, "Known for some classes only": partly}
    sentences = [f"{title}: {', '.join(names)}." for title, names in found.items() if names]
    modalities, numbers = np.unique(evidence.columns["modality"], return_counts=True)
    named = ", ".join(f"{number:,} {name or 'unknown'}" for name, number in zip(modalities, numbers, strict=True))
    sentences.append(f"Modalities by image: {named}.")
    if not panels:
        return PagePart("geometry", "Source geometry", tuple(sentences))
    caption = "Box: middle half of a class; line: median; points: single images. Classes should not differ here."
    if len(evidence.classes) > len(shown):
        caption += f" The {len(shown)} classes with the most images."
    alt = f"Strip plots by class: {', '.join(panels)}. {describe_medians(panels)}"
    chart = show_chart(charts.draw_strips(panels, seed), alt, caption)
    return PagePart("geometry", "Source geometry", tuple(sentences), figures=(chart,))


def describe_medians(panels: charts.Panels) -> str:
    """Returns the median of each quantity in each class, for those who can't see the chart."""
    return " ".join(
        f"Median {name}: {', '.join(f'{label} {np.median(values):.4g}' for label, values in parts.items())}."
        for name, parts in panels.items()
    )


def show_intensities(evidence: Evidence) -> PagePart:
    """Returns the distribution of stored values per class."""
    measured = evidence.measured
    number, total = len(measured.indices), evidence.store.count
    which = "all" if number == total else f"a random sample of {number:,} of all {total:,}"
    text = f"Stored values of {which} images; pixels that a scanner did not measure are left out."
    if not measured.histograms:
        return PagePart("intensities", "Intensities", ("No pixel was measured in any image.",))
    intensity = evidence.store.intensity
    inside = f"Grey areas lie outside the range that networks see ({intensity.low:g} to {intensity.high:g})"
    caption = f"{inside}, where they fall into the chart. The share of pixels is on a logarithmic scale."
    shown = [label for label in evidence.classes if label in measured.histograms]
    alt = f"Curves of stored values by class: {', '.join(shown[: charts.CLASSES])}."
    chart = show_chart(charts.draw_intensities(measured, shown, intensity), alt, caption)
    return PagePart("intensities", "Intensities", (text,), figures=(chart,))


def show_unusual(evidence: Evidence, seed: int) -> PagePart:
    """Returns constant images, former colour pictures, and the extremes of brightness and contrast."""
    constant = int((evidence.measured.deviations == 0).sum())
    empty = int(np.isnan(evidence.measured.means).sum())
    unit = evidence.store.intensity.unit
    sentences = [
        f"Images of one constant value: {constant:,}. Images without a measured pixel: {empty:,}. Below, at most one "
        f"image of each patient or group; mean and standard deviation (s.d.) of stored values ({unit})."
    ]
    if len(evidence.measured.indices) < evidence.store.count:
        sentences.append(f"Brightness was measured on a random sample of {len(evidence.measured.indices):,} images.")
    shown = list(galleries.make_extreme_galleries(evidence))
    if (evidence.columns["coloured"] == "1").any():
        gallery = galleries.make_colour_gallery(evidence, seed)
        shown.append(Gallery("Were in colour", gallery.sentence, gallery.exhibits))
    else:
        sentences.append("No source picture was in colour.")
    return PagePart("unusual", "Unusual pictures", tuple(sentences), galleries=tuple(shown))


def show_series(evidence: Evidence) -> PagePart:
    """Returns the volumes that were cut into slices."""
    if not evidence.series:
        return PagePart("series", "Series", ("The source holds no volumes and no series of slices.",))
    missing = sum(int(row["missing"] or 0) for row in evidence.series)
    with_problems = sum(bool(row["problems"]) for row in evidence.series)
    text = f"{len(evidence.series):,} series; {with_problems:,} with problems; {missing:,} slices missing by position."
    return PagePart("series", "Series", (text,), tables=(tables.list_series(evidence),))


def show_not_taken(evidence: Evidence) -> PagePart:
    """Returns the files that were not taken, and why."""
    if not evidence.not_taken:
        return PagePart("not_taken", "Files not taken", ("Every file was taken.",))
    total = sum(map(len, evidence.not_taken.values()))
    text = (
        f"{total:,} files were not taken. The whole list is in quarantine.csv; which number is which file stands in "
        "the private key file, outside the store."
    )
    return PagePart("not_taken", "Files not taken", (text,), tables=(tables.list_not_taken(evidence),))


def show_settings(evidence: Evidence) -> PagePart:
    """Returns how the store was prepared, and how to name it."""
    settings = (tables.list_settings(evidence),) if evidence.store.prepared else ()
    missing = () if settings else ("The store does not say how it was prepared.",)
    sentences = (*missing, describe_citation(evidence.store))
    return PagePart("settings", "How it was prepared, and how to cite it", sentences, tables=settings)


def show_chart(svg: str, alt: str, caption: str) -> Picture:
    """Returns a chart as wide as the page."""
    return Picture(embed_svg(svg), alt, caption, width_px=WIDE_PX)
