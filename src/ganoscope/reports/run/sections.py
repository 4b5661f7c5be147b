"""The facts of a report, section by section, read from a run and its store."""

import csv
import inspect
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ganoscope import methods
from ganoscope.data.store import Store
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.splits import SPLITS
from ganoscope.errors import UserError
from ganoscope.evaluate.fidelity.diversity import PAIRS, Diversity, SetDiversity
from ganoscope.reports.kit.content import Part, Section, Table, write_interval, write_number
from ganoscope.reports.kit.pictures import CELLS, Picture, choose_grids, embed_svg, list_grids, show_grid
from ganoscope.reports.run import curves as figures
from ganoscope.training.run_folder.history import load_history
from ganoscope.training.run_folder.record import RunRecord
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run_store

PART_NAMES = {"train": "Train", "validation": "Validation", "test": "Test"}


def open_store(record: RunRecord) -> Part[Store]:
    """Returns the store that the run was trained on, or why it can't be used any more."""
    try:
        found = open_run_store(record)
    except UserError:  # damaged
        return Part(missing="The store is no longer where it was when the run was trained.")
    missing = {
        "": "",
        "gone": "The store is no longer where it was when the run was trained.",
        "changed": "The store was changed after the run was trained: its fingerprint is another one.",
    }
    return Part(found.store, missing[found.reason])


def describe_abstract(run: TrainedRun) -> str:
    """Returns what was trained on what for how long, in one sentence without a verdict."""
    record = run.record
    trained = len(record.sample_ids)
    passes = run.images_seen / max(trained, 1)
    planned = record.train.images or 0
    early = f" of {planned:,} planned" if run.images_seen < planned else ""
    kind = (
        f"A translation between {' and '.join(record.domains)}"
        if record.domains
        else "A generative adversarial network"
    )
    return (
        f"{kind} ({record.method}) trained on {trained:,} images of {record.store_name} "
        f"({record.size} × {record.size} px, {record.intensity.unit}), after {run.images_seen:,}{early} images seen "
        f"({passes:,.1f} passes over the training images); training began on {record.started[:10]}."
    )


def describe_model(record: RunRecord) -> Section:
    """Returns the method and all its settings."""
    settings = Table("Method settings", ("Setting", "Value"), write_settings(record.method_config))
    training = Table("Training settings", ("Setting", "Value"), write_settings(vars(record.train)))
    sentences = (*describe_method(record.method), *describe_classifiers(record))
    return Section(sentences=sentences, tables=(settings, training))


def describe_classifiers(record: RunRecord) -> Iterator[str]:
    """Yields what each classifier is that the method listened to, and how good on held-out images."""
    for name, known in record.classifiers.items():
        value, low, high = known["auroc"].values()
        quality = "not measured" if value is None else f"{value:.3f}"
        interval = f" (95 % interval {low:.3f} to {high:.3f})" if low is not None and high is not None else ""
        yield (
            f"The {name} is a {known['network']} trained on {known['store_name']}; its AUROC on the test part is "
            f"{quality}{interval}."
        )


def write_settings(settings: dict[str, object]) -> tuple[tuple[str, ...], ...]:
    """Returns settings as rows; those that were not given are left out, and of paths all but the last name.

    Example:
        >>> write_settings({"batch_size": 4, "teacher": "/home/doe/teacher", "images": None})
        (('batch size', '4'), ('teacher', 'teacher'))
    """
    shown = {name: Path(value).name if isinstance(value, str) else value for name, value in settings.items()}
    return tuple(
        (name.replace("_", " "), write_number(value)) for name, value in shown.items() if value not in (None, "")
    )


def describe_method(name: str) -> tuple[str, ...]:
    """Returns the first line of a method's docstring, and the source that its settings cite."""
    module = methods.load(name)
    first = (inspect.getdoc(module) or name).splitlines()[0]
    lines = (inspect.getdoc(module.Config) or "").splitlines()
    start = next((position for position, line in enumerate(lines) if line.startswith("Source:")), len(lines))
    cited = " ".join(line.strip() for line in lines[start:])
    return (first, cited) if cited else (first,)


def describe_data(record: RunRecord, store: Part[Store]) -> Section:
    """Returns the data set: intensity map, images per split and label, patients and groups."""
    sentences = [
        f"Data set {record.store_name}: {len(record.sample_ids):,} images were trained on, "
        f"{record.size} × {record.size} px, one channel.",
        describe_intensity(record.intensity),
    ]
    if store.value is None:
        missing = f"{store.missing} Counts per part and label, and how patients were grouped, can't be shown."
        return Section((*sentences, missing))
    labels = store.value.column("label")
    return Section(
        (*sentences, describe_patients(store.value)),
        (count_images(store.value.column("split").tolist(), labels.tolist()), count_groups(store.value)),
    )


def describe_intensity(intensity: IntensityMap) -> str:
    """Returns how stored values become the networks' range."""
    return (
        f"Intensity: stored values ({intensity.unit}, {intensity.dtype}) from {intensity.low:g} to {intensity.high:g} "
        "become -1 to 1 by one straight line, the same for real and generated images, and back again on output."
    )


def describe_patients(store: Store) -> str:
    """Returns how independent the parts of a store are."""
    unknown = int((store.column("patient") == "").sum())
    pairs = np.unique(np.stack([store.column("group"), store.column("split")]), axis=1)
    crossing = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    apart = f"{crossing:,} groups lie in more than one part" if crossing else "no group lies in more than one part"
    if not unknown:
        return f"Patients are known for all images, and images are grouped by patient: {apart}."
    return (
        f"The patient is unknown for {unknown:,} of {store.count:,} images; volumes and clusters of near-duplicates "
        f"stand in for patients there: {apart}, but two images of one patient that look different may lie in two."
    )


def count_images(splits: list[str], labels: list[str]) -> Table:
    """Returns images per label and part."""
    counts = Counter(zip(labels, splits, strict=True))
    rows = [(label or "(no label)", [counts[label, split] for split in SPLITS]) for label in sorted(set(labels))]
    if len(rows) > 1:
        rows.append(("All", [splits.count(split) for split in SPLITS]))
    written = tuple((name, *(f"{n:,}" for n in (*numbers, sum(numbers)))) for name, numbers in rows)
    return Table("Images per label and part", ("Label", *PART_NAMES.values(), "All"), written)


def count_groups(store: Store) -> Table:
    """Returns independent groups and known patients per part."""
    splits, groups, patients = (store.column(name) for name in ("split", "group", "patient"))
    rows = tuple(
        (name, *(f"{len(np.unique(ids[(splits == split) & (ids != '')])):,}" for split in SPLITS))
        for name, ids in (("Groups", groups), ("Known patients", patients))
    )
    return Table("Independent groups per part", ("", *PART_NAMES.values()), rows)


def describe_curves(run: TrainedRun) -> Section:
    """Returns the training curves."""
    try:
        history = load_history(run.path)
    except UserError:
        history = {}
    if not history:
        return Section(("The run has no history: there are no curves to show.",))
    steps = len(history["images"])
    window = figures.choose_window(steps)
    batch = round(float(history["images"][-1]) / steps)
    strong = f"Strong: moving average over {window:,} steps ({window * batch:,} images)"
    averaged = f"Faint: single steps. {strong}. " if window > 1 else "Every step is shown. "
    pictures = []
    if figures.group_terms(history):
        caption = f"Loss terms by phase. {averaged}The vertical axis holds the middle 99 % of all steps."
        pictures.append(Picture(embed_svg(figures.draw_losses(history)), "Loss terms over images seen", caption))
    if figures.list_probabilities(history):
        pictures.append(show_scores(history, bool(run.record.domains), averaged))
    return Section((describe_pace(history),), figures=tuple(pictures))


def show_scores(history: figures.History, translates: bool, averaged: str) -> Picture:
    """Returns what discriminators take real and generated images for, over time."""
    if translates:
        caption = (
            "How the discriminators score patches of real and of translated images, mean of both domains, before each "
            f"step: least squares pulls them to 1 and to 0 (dotted). {averaged}"
        )
        return Picture(embed_svg(figures.draw_patch_scores(history)), "Patch scores over images seen", caption)
    caption = (
        "What the discriminator takes real and generated images for: mean probability of real over a batch, before "
        f"each step. At 0.5 (dotted) it can't tell. {averaged}"
    )
    return Picture(embed_svg(figures.draw_probabilities(history)), "D(x) and D(G(z)) over images seen", caption)


def describe_pace(history: figures.History) -> str:
    """Returns how long the training took; its clock starts anew when a run is resumed."""
    seconds, images = history["seconds"], history["images"]
    ends = np.append(np.flatnonzero(np.diff(seconds) < 0), len(seconds) - 1)
    total = float(seconds[ends].sum())
    parts = f", in {len(ends)} sessions" if len(ends) > 1 else ""
    return (
        f"{len(images):,} steps in {total / 60:,.1f} minutes{parts}: {images[-1] / max(total, 1e-9):,.0f} images/s. "
        "The losses of two networks that work against each other do not measure how good images are."
    )


def describe_samples(run: TrainedRun) -> Section:
    """Returns the sample grids: the last one beside real images, and some over time."""
    grids, domains = list_grids(run.path), run.record.domains
    if not grids:
        return Section(("The run has no sample grids.",))
    seen, path = grids[-1]
    final = show_grid(path, f"{name_grid(domains)}, after {seen:,} images seen.", "Sample grid", True, 490)
    real_path = run.path / "samples" / "real.png"
    beside = [final]
    if real_path.exists():
        caption = "Real: training images, evenly spread over the training part."
        beside.append(show_grid(real_path, caption, "Grid of real images", True, 490))
    chosen = [grids[position] for position in choose_grids([number for number, _ in grids])]
    trio = (
        ()
        if len(chosen) < 2
        else tuple(show_grid(path, f"{n:,} images", f"Samples after {n:,} images", False, 320) for n, path in chosen)
    )
    text = (
        "Every grid shows the same images, of the validation part where there is one, as given, translated, and "
        "translated back, through the generators' moving averages."
        if domains
        else "Every grid shows the same noise vectors, drawn once and not chosen by eye, through the generator's "
        "moving average. Where the generator knows classes, each row has one."
    )
    over_time = f"Over time, at growing distance: {CELLS} x {CELLS} images of a grid, or all where rows have names."
    return Section((text,), pairs=tuple(beside), trio=trio if len(trio) > 1 else (), trio_title=over_time)


def name_grid(domains: tuple[str, ...]) -> str:
    """Returns what a sample grid shows.

    Example:
        >>> name_grid(()), name_grid(("well", "sick"))
        ('Generated', 'Between well and sick')
    """
    return f"Between {' and '.join(domains)}" if domains else "Generated"


def describe_generated(folder: Path | None) -> Section:
    """Returns the contact sheet of a folder of generated images; nothing where none is asked for.

    Raises:
        UserError: The folder holds no generated images.
    """
    if folder is None:
        return Section()
    tables = [folder / name for name in ("manifest.csv", "frames.csv") if (folder / name).exists()]
    manifest, sheet = tables[0] if tables else folder / "manifest.csv", folder / "contact_sheet.png"
    if not manifest.exists() or not sheet.exists():
        raise UserError(
            f"no generated images at {folder}: manifest.csv or contact_sheet.png is missing. Make them with "
            "`ganoscope generate`."
        )
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ", ".join(sorted({row["run"] for row in rows}))
    caption = f"The first of {len(rows):,} images generated into a folder of their own (run {names})."
    return Section(pairs=(show_grid(sheet, caption, "Contact sheet of generated images", True, 490),))


def describe_diversity(measured: Part[Diversity]) -> Section:
    """Returns the within-set diversity as a figure and a table, with its protocol."""
    if measured.value is None:
        return Section((measured.missing,))
    result = measured.value
    sets: dict[str, SetDiversity] = {"Generated": result.generated, "Training": result.training}
    if result.held_out:
        sets = {"Generated": result.generated, "Held-out real": result.held_out, "Training": result.training}
    rows = tuple(
        (
            name,
            f"{part.images:,}",
            f"{part.groups:,}",
            f"{part.pairs:,}",
            write_interval(part.mean, part.low, part.high),
        )
        for name, part in sets.items()
    )
    header = ("Images", "n", "Groups", "Pairs", "Mean MS-SSIM (95 % interval)")
    caption = "Mean MS-SSIM with 95 % intervals. Generated images should lie where real ones do."
    picture = Picture(embed_svg(figures.draw_diversity(sets)), "Mean MS-SSIM of three sets of images", caption)
    return Section(describe_protocol(result), (Table("Within-set similarity", header, rows),), (picture,))


def describe_protocol(result: Diversity) -> tuple[str, ...]:
    """Returns how diversity was measured."""
    held_out = "" if result.held_out else " The store has no held-out images: training images are the measure."
    return (
        "How much the images of one set resemble each other: the structural similarity of two different images "
        "(MS-SSIM, 1 for identical images), averaged over random pairs of the set. A generated value well above the "
        f"real one means that the generator repeats itself; one well below may mean noise.{held_out}",
        f"Up to {result.number:,} images and {PAIRS:,} pairs per set, seed {result.seed}; {result.scales} scales, "
        f"window of {result.kernel_px} px (Wang et al. 2003, with the published weights of these scales, normalised). "
        "The intervals allow for pairs that share an image or a patient group (Aronow et al. 2015).",
    )


def describe_provenance(run: TrainedRun) -> Section:
    """Returns what is needed to find, check and repeat the run."""
    record = run.record
    facts = (
        ("Run", run.path.resolve().name),
        ("Started", record.started),
        ("Images seen", f"{run.images_seen:,}"),
        ("Seed", str(record.train.seed)),
        ("Device, precision", f"{record.train.device}, {record.train.precision}, {record.train.devices} process(es)"),
        ("ganoscope commit", record.git_commit or "not recorded (installed from a package, or no git)"),
        ("Store", record.store_name),
        ("Store fingerprint", record.store_fingerprint),
        ("Generator weights (SHA-256)", run.weights_sha256),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    )
    return Section(tables=(Table("Identity", ("What", "Value"), facts, words=True),))
