"""Every noise-to-image method on real sets with equal processor time: distances, diversity, label agreement, pictures.

Each method trains as `ganoscope train METHOD STORE RUN` on its share of the cores until it has used as many minutes of
each; SIGTERM then makes it save. The clock counts the processor time of the steps and checkpoints, without the start of
the process: what else the machine does changes it little, and on a machine that is left alone it is wall-clock time. A
method with an option `--teacher` gets a classifier trained for it first, whose time is reported apart and is not part
of its budget.

The judge is another classifier, trained on the same train split from another seed. What it has learned by heart sets
the train split apart from all other images, so the floor is what held-out images measure to the train split, and
generated images are measured once more at the floor's sizes. A second family of features comes from a random network.
Distances to the held-out split, with floors from its halves, are in table.json beside those to the train split.

Other work still slows caches and memory: each cell notes the system's load average over the last five minutes.
Interrupted, the same command goes on: stores, classifiers, runs and finished cells are kept in --out; cells whose
training failed are tried again.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.evaluate.features import extract_features, extract_store_features, make_random_extractor, use_classifier
from ganoscope.evaluate.fidelity.diversity import compare_pairs, measure_split
from ganoscope.evaluate.fidelity.frechet_distance import measure_frechet_distance
from ganoscope.evaluate.fidelity.kernel_distance import measure_kernel_distance
from ganoscope.evaluate.labels.label_agreement import measure_label_agreement
from ganoscope.figures.sheets import make_sheet
from ganoscope.files import load_json, save_json
from ganoscope.generation import choose_labels, draw_images
from ganoscope.methods import available, load
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.classify import classify

ENDLESS = 1_000_000_000
"""Images to train on: more than any budget allows."""
COLUMNS, ROWS = 8, 4
"""Of a cell's contact sheet."""
TEACHER_SEED, JUDGE_SEED = 1, 2
POLL_SECONDS = 0.5
ENOUGH_SECONDS = 2.0
"""A leg of training shorter than this is left out: starting the process would take longer."""
DISTANCES = {"frechet": measure_frechet_distance, "kernel": measure_kernel_distance}


@dataclass(frozen=True)
class RealSet:
    """A store, its judge, and what generated images are compared with."""

    store: Store
    judge: object
    extractors: dict
    features: dict
    diversity: object


def draws(name):
    """Tells whether a method makes images of noise: translations have no set of their own to compare."""
    return not load(name).TRAITS.translates


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="+", help="stores, or folders of images to prepare")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", default=[name for name in available() if draws(name)])
    parser.add_argument("--minutes", type=float, nargs="+", default=[15], help="budgets, each scored; such as 5 15 45")
    parser.add_argument("--parallel", type=int, default=1, help="methods at a time, with an equal share of the cores")
    parser.add_argument("--number", type=int, default=2000, help="generated images per cell")
    parser.add_argument("--size", type=int, default=64, help="of stores that are prepared here, in pixels")
    parser.add_argument("--tick-images", type=int, default=20_000, help="between two checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classifier-epochs", type=int, default=ClassifyConfig().epochs)
    parser.add_argument(
        "--extra", action="append", default=[], metavar="METHOD=OPTIONS", help="more options for ganoscope train"
    )
    return parser.parse_args()


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def open_store(source, options):
    """Returns the store at `source`, or the one prepared from the images there."""
    if (source / "store.json").exists():
        return Store.open(source)
    path = options.out / "stores" / source.name
    if not (path / "store.json").exists():
        command = [sys.executable, "-m", "ganoscope", "prepare", source, path, "--size", options.size]
        subprocess.run([str(word) for word in command], check=True)
    return Store.open(path)


def train_classifier(store, path, seed, options):
    """Trains a classifier unless it is there; returns the seconds that it took."""
    timing = path.with_suffix(".seconds.json")
    if not timing.exists():
        start = time.perf_counter()
        classify(store.path, path, ClassifyConfig(seed=seed, epochs=options.classifier_epochs))
        save_json(timing, round(time.perf_counter() - start, 1))
    return load_json(timing)


def open_real_set(store, options):
    """Returns the judge of a store, and its real images' features and diversity."""
    path = options.out / "judges" / store.path.name
    say(f"{store.name}: judge trained in {train_classifier(store, path, JUDGE_SEED, options):.0f} s")
    judge = open_classifier(path)
    extractors = {"classifier": use_classifier(judge), "random": make_random_extractor()}
    parts = {"train": store.indices("train"), "held_out": store.indices("validation", "test")}
    features = {
        (family, part): extract_store_features(extractor, store, indices)
        for family, extractor in extractors.items()
        for part, indices in parts.items()
    }
    diversity = measure_split(store, parts["held_out"], options.number, options.seed)
    return RealSet(store, judge, extractors, features, diversity)


def spent_seconds(run):
    """Returns the seconds of processor time that a run has trained for, per thread."""
    path = run.with_suffix(".seconds.json")
    return load_json(path) if path.exists() else 0.0


def read_processor_seconds(process):
    """Returns the processor time that a child process has used so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def train_until(seconds, command, run, threads):
    """Trains until a run has had so many seconds on each of its threads; returns what went wrong, or ""."""
    before = spent_seconds(run)
    if seconds - before < ENOUGH_SECONDS:
        return ""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment)
    begun, lines = threading.Event(), []

    def listen():
        for line in process.stderr:
            lines.append(line.rstrip())
            if line.startswith("training "):
                begun.set()
        begun.set()

    listener = threading.Thread(target=listen)
    listener.start()
    begun.wait()
    start = read_processor_seconds(process)
    while process.poll() is None:
        spent = before + (read_processor_seconds(process) - start) / threads
        save_json(run.with_suffix(".seconds.json"), spent)
        if spent >= seconds:
            process.send_signal(signal.SIGTERM)
            break
        time.sleep(POLL_SECONDS)
    process.wait()
    listener.join()
    last = lines[-1] if lines else "no message"
    return "" if "everything is saved" in " ".join(lines[-3:]) else last


def needs_teacher(name):
    return "teacher" in {field.name for field in fields(load(name).Config)}


def run_method(name, real, options):
    """Trains a method, scores it at every budget, and yields a cell for each."""
    store, threads = real.store, max(1, (os.cpu_count() or 1) // options.parallel)
    run = options.out / "runs" / store.path.name / name
    command = [sys.executable, "-m", "ganoscope", "train", name, store.path, run, "--images", ENDLESS]
    command += ["--tick-images", options.tick_images, "--seed", options.seed]
    for extra in options.extra:
        method, _, words = extra.partition("=")
        command += shlex.split(words) if method == name else []
    teacher = options.out / "teachers" / store.path.name
    teacher_seconds = load_json(teacher.with_suffix(".seconds.json")) if needs_teacher(name) else None
    command += ["--teacher", teacher] if needs_teacher(name) else []
    for minutes in sorted(options.minutes):
        path = options.out / "cells" / f"{store.path.name}-{name}-{minutes:g}.json"
        if not path.exists() or load_json(path)["fault"]:
            fault = train_until(60 * minutes, [str(word) for word in command], run, threads)
            cell = {"store": store.name, "method": name, "minutes": minutes, "fault": fault}
            if (run / "checkpoints").exists():
                cell |= score(run, real, options, path.with_suffix(".npy"))
            save_json(path, {**cell, "teacher_seconds": teacher_seconds})
            say(f"{store.name}, {name}, {minutes:g} min: {summarise(cell)}")
        yield load_json(path)


def summarise(cell):
    if "distances" not in cell:
        return cell["fault"]
    value = cell["distances"]["frechet classifier train"]["value"]
    return f"{cell['images_seen']:,} images, Frechet distance {value:.3g} {cell['fault']}"


def score(path, real, options, thumbnails):
    """Returns everything that is measured on a run's newest checkpoint; some of its images are saved as an array."""
    start = time.perf_counter()
    run, seconds = open_run(path), spent_seconds(path)
    codes = choose_labels(run, options.number, options.seed)
    images = np.concatenate(list(draw_images(run, options.number, options.seed, labels=codes)))
    shown = np.argsort(codes[: COLUMNS * ROWS], kind="stable")
    np.save(thumbnails, run.record.intensity.to_display(run.record.intensity.to_pixels(images[shown, 0])))
    distances = {}
    for family, extractor in real.extractors.items():
        generated = extract_features(extractor, [images])
        train, held_out = (real.features[family, part] for part in ("train", "held_out"))
        for metric, measure in DISTANCES.items():
            distances[f"{metric} {family} train"] = asdict(measure(generated, train, peer=held_out))
            distances[f"{metric} {family} held_out"] = asdict(measure(generated, held_out))
    agreement = None
    if run.classes:
        requested = np.array(run.classes)[codes]
        agreement = asdict(measure_label_agreement(real.judge, [images], requested, real.store))
    return {
        "images_seen": run.images_seen,
        "seconds": round(seconds, 1),
        "images_per_second": run.images_seen / max(seconds, 1e-9),
        "load_average": round(os.getloadavg()[1], 1),
        "weights_sha256": run.weights_sha256,
        "distances": distances,
        "diversity": asdict(compare_pairs(images, np.arange(len(images)), options.seed)),
        "real_diversity": asdict(real.diversity),
        "agreement": agreement,
        "score_seconds": round(time.perf_counter() - start, 1),
    }


HEADER = (
    "method",
    "min",
    "images seen",
    "images/s",
    "Fréchet, classifier",
    "at n: generated / floor",
    "KID x 1000, classifier",
    "at n: generated / floor",
    "Fréchet, random net",
    "at n: generated / floor",
    "MS-SSIM (real)",
    "agreement (ceiling)",
)


def format_row(cell):
    """Returns the texts of a cell's row of the table."""
    first = [cell["method"], f"{cell['minutes']:g}"]
    if "distances" not in cell:
        return [*first, f"failed: {cell['fault']}", *[""] * (len(HEADER) - 3)]
    first += [f"{cell['images_seen']:,}", f"{cell['images_per_second']:.0f}"]
    for name, scale in (
        ("frechet classifier train", 1),
        ("kernel classifier train", 1000),
        ("frechet random train", 1),
    ):
        distance = cell["distances"][name]
        floor = distance["floor"]
        first.append("{:.3g} ({:.3g} to {:.3g})".format(*(scale * distance[key] for key in ("value", "low", "high"))))
        first.append(f"{scale * floor['generated']:.3g} / {scale * floor['real']:.3g}")
    agreement = cell["agreement"]
    texts = [f"{share['share']:.1%}" for share in (agreement["generated"], agreement["real"])] if agreement else []
    first.append(f"{cell['diversity']['mean']:.3f} ({cell['real_diversity']['mean']:.3f})")
    return [*first, f"{texts[0]} ({texts[1]})" if texts else "-"]


def format_table(title, cells):
    """Returns a store's table as Markdown."""
    scored = [cell for cell in cells if "distances" in cell]
    lines = [f"## {title}", "", f"| {' | '.join(HEADER)} |", f"|{'---|' * len(HEADER)}"]
    lines += [f"| {' | '.join(format_row(cell))} |" for cell in cells]
    lines.append("")
    for name in ("frechet classifier train", "frechet random train") if scored else ():
        known = scored[0]["distances"][name]
        lines.append(
            f"- {name.split()[1]}: {known['extractor']} (weights {known['weights_sha256'][:12]}), {known['dimension']} "
            f"features; {known['generated_images']:,} generated against {known['real_images']:,} training images of "
            f"{known['real_groups']:,} patients or clusters; n = {known['floor']['images']:,} for the floor (held-out "
            "against training images)."
        )
    lines += [f"- warning: {text}" for text in sorted({text for cell in scored for text in list_warnings(cell)})]
    lines += [
        f"- {cell['method']}: its teacher took another {cell['teacher_seconds']:.0f} s."
        for cell in cells
        if cell["teacher_seconds"] and cell["minutes"] == cells[-1]["minutes"]
    ]
    lines += [
        f"- {cell['method']}, {cell['minutes']:g} min, stopped early: {cell['fault']}"
        for cell in scored
        if cell["fault"]
    ]
    return "\n".join([*lines, ""])


def list_warnings(cell):
    return [
        text for name, distance in cell["distances"].items() if name.endswith("train") for text in distance["warnings"]
    ]


def save_pictures(path, store, cells, folder):
    """Writes one picture with the contact sheets of all cells of a store, and of its training images."""
    methods, minutes = (list(dict.fromkeys(cell[key] for cell in cells)) for key in ("method", "minutes"))
    size = (4.4 * len(minutes), 2.5 * (len(methods) + 1))
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    axes = figure.subplots(len(methods) + 1, len(minutes), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    chosen = np.sort(np.random.default_rng(0).permutation(store.indices("train"))[: COLUMNS * ROWS])
    labels = store.column("label")[chosen]
    pixels = store.intensity.to_display(np.asarray(store.images[chosen[np.argsort(labels, kind="stable")]]))
    show(axes[0, 0], pixels, f"{store.name}: training images, by class")
    for cell in cells:
        thumbnails = folder / f"{store.path.name}-{cell['method']}-{cell['minutes']:g}.npy"
        if thumbnails.exists():
            distance = cell["distances"]["frechet classifier train"]["value"]
            caption = f"{cell['method']}, {cell['minutes']:g} min, {cell['images_seen']:,} images, FD {distance:.3g}"
            axis = axes[methods.index(cell["method"]) + 1, minutes.index(cell["minutes"])]
            show(axis, np.load(thumbnails), caption)
    figure.savefig(path)


def show(axis, pixels, caption):
    axis.imshow(make_sheet(pixels, COLUMNS), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set_title(caption, fontsize=8, parse_math=False)


def main():
    options = parse_options()
    (options.out / "cells").mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // options.parallel))
    reals = [open_real_set(open_store(source, options), options) for source in options.sources]
    if any(map(needs_teacher, options.methods)):
        for real in reals:  # here, as only a main thread can be interrupted in training
            train_classifier(real.store, options.out / "teachers" / real.store.path.name, TEACHER_SEED, options)
    jobs = [(name, real) for real in reals for name in options.methods]
    with ThreadPoolExecutor(options.parallel) as pool:
        done = list(pool.map(lambda job: list(run_method(*job, options)), jobs))
    tables = []
    for number, real in enumerate(reals):
        count = len(options.methods)
        cells = [cell for cells in done[number * count : (number + 1) * count] for cell in cells]
        tables.append(format_table(f"{real.store.name}, {real.store.size} x {real.store.size}", cells))
        save_pictures(options.out / f"{real.store.path.name}.png", real.store, cells, options.out / "cells")
    (options.out / "table.md").write_text("\n".join(tables), encoding="utf-8")
    settings = {name: str(value) for name, value in vars(options).items()}
    save_json(options.out / "table.json", {"options": settings, "cells": [cell for cells in done for cell in cells]})
    print("\n".join(tables))


if __name__ == "__main__":
    main()
