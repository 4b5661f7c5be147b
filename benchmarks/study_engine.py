"""What does the engine cost a study over its bare trainings, how much faster are two workers, and what does it hold?

By default it separates what is paid once per call (a process that imports the libraries, which attempts are copies of)
from what is paid per task: the processor time over that of the bare functions, for a study of few and of many splits
whose trainings are as short as can be. Both together give the overhead of a study of the issue's size.

With `--ways`, the tasks of one small study (phantoms of 32 px, `cgan`, `small_cnn` and random features) are made in
three ways, one after another, each in a process of its own: their functions called in a bare loop, the engine `local`
with one worker, and with two. Processor time counts all processes; unlike seconds, it depends little on what else the
machine does. Then the finished study is resumed. `--memory` instead makes trivial tasks, few and many, and prints the
most memory of the process that hands them out.
"""

import argparse
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.split_tasks import list_evaluations
from ganoscope.tasks.engines import EngineOptions
from ganoscope.tasks.graph import order_tasks
from ganoscope.tasks.running import run_tasks
from ganoscope.tasks.task import Task
from ganoscope.workflows.phantom import phantom

REVISIONS = {"nothing": 1}
WAYS = ("bare", "1 worker", "2 workers", "resumed")
FEW, MANY = 1, 3
"""Repetitions of two splits in the studies that separate fixed cost and cost per task."""
ISSUE_TASKS, ISSUE_SECONDS = 400, 25 * 180 + 125 * 25 + 125 * 10
"""Tasks of a study of 25 splits, five arms and two families, and the processor seconds of its trainings."""
CONFIG = {
    "generator": "cgan",
    "arms": ("baseline", "augmented", "duplicated"),
    "folds": 2,
    "exploratory": True,
}


def nothing(output, inputs, number):
    """Writes a number: a task that is done at once."""
    (output / "number.txt").write_text(str(number))


def list_tasks(store, options):
    config = StudyConfig(**CONFIG, repeats=options.repeats, generator_images=options.images, epochs=options.epochs)
    tasks = list_evaluations(make_design(Store.open(store), config)[0], store)
    for task in order_tasks(tasks):
        importlib.import_module(task.function.split(":")[0])
    return tasks


def run_bare(tasks, folder):
    """Calls the function of every task, what is needed first, with nothing around it."""
    import torch

    torch.set_num_threads(1)
    for task in order_tasks(tasks):
        module, name = task.function.split(":")
        output = folder / task.key
        output.mkdir(parents=True)
        inputs = {name: folder / needed.key for name, needed in task.needs.items()}
        getattr(importlib.import_module(module), name)(output, inputs, **task.arguments, **task.places)


def run_way(way, store, folder, options):
    """Makes all tasks in one way, and prints seconds, processor seconds, and seconds inside tasks."""
    tasks = list_tasks(store, options)
    before, start = os.times(), time.perf_counter()
    if way == "bare":
        run_bare(tasks, folder)
    else:
        run_tasks(tasks, folder, EngineOptions(cores=2 if way == "2 workers" else 1))
    seconds, after = time.perf_counter() - start, os.times()
    inside = sum(json.loads(path.read_text())["seconds"] for path in folder.glob("*/task.json"))
    print(json.dumps([seconds, sum(after[:4]) - sum(before[:4]), inside, len(order_tasks(tasks))]))


def measure_peak(number, folder):
    """Prints the most memory, in MiB, of a process that has `number` trivial tasks made."""
    tasks = [Task(f"{one}", "study_engine:nothing", {"number": one}) for one in range(number)]
    run_tasks(tasks, folder, EngineOptions(cores=2))
    text = Path("/proc/self/status").read_text(encoding="ascii")
    print(json.dumps(int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024))


def call(options, *arguments):
    """Returns what a process of its own prints last."""
    command = [sys.executable, __file__, *map(str, arguments)]
    command += ["--images", str(options.images), "--epochs", str(options.epochs), "--repeats", str(options.repeats)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def separate_costs(options):
    """Prints what is paid once and what is paid per task, in processor seconds: each round, and their medians."""
    options.images, options.epochs = 64, 1
    fixed, per_task = [], []
    print("| round | tasks | bare | 1 worker | tasks | bare | 1 worker | once | per task |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for number in range(options.rounds):
        over, told = {}, []
        for options.repeats in (FEW, MANY):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                phantom(place / "store", PhantomConfig(modality="cxr", number=240, size=32, seed=1))
                bare, made = (
                    call(options, "--way", way, "--store", place / "store", "--results", place / way)
                    for way in ("bare", "1 worker")
                )
            over[bare[3]] = made[1] - bare[1]
            told += [f"{bare[3]:.0f}", f"{bare[1]:.1f}", f"{made[1]:.1f}"]
        (few, less), (many, more) = sorted(over.items())
        per_task.append((more - less) / (many - few))
        fixed.append(less - few * per_task[-1])
        print("|", number + 1, "|", " | ".join(told), f"| {fixed[-1]:.2f} | {per_task[-1]:.3f} |", flush=True)
    once, each = statistics.median(fixed), statistics.median(per_task)
    share = (once + ISSUE_TASKS * each) / ISSUE_SECONDS
    print(f"\nmedians: {once:.2f} s once, {each:.3f} s per task")
    print(f"{ISSUE_TASKS} tasks with {ISSUE_SECONDS:,} s of trainings: {once + ISSUE_TASKS * each:.0f} s, {share:.2%}")


def compare_ways(options):
    measured = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            phantom(place / "store", PhantomConfig(modality="cxr", number=240, size=32, seed=1))
            for way in WAYS:
                results = place / ("1 worker" if way == "resumed" else way)
                measured[way].append(call(options, "--way", way, "--store", place / "store", "--results", results))
    print(
        "| way | seconds | processor seconds | over the bare ones | seconds inside tasks |\n|---|---:|---:|---:|---:|"
    )
    for way, found in measured.items():
        seconds, processor, inside, _ = (statistics.median(one) for one in zip(*found, strict=True))
        over = statistics.median(one[1] / bare[1] for one, bare in zip(found, measured["bare"], strict=True))
        print(f"| {way} | {seconds:.1f} | {processor:.1f} | {over:.3f} | {inside:.1f} |")
    ratios = [one[0] / two[0] for one, two in zip(measured["1 worker"], measured["2 workers"], strict=True)]
    print(f"\ntwo workers are {statistics.median(ratios):.2f} x one ({', '.join(f'{one:.2f}' for one in ratios)})")


def compare_memory(options):
    print("| tasks | most memory of the process that hands them out, MiB |\n|---:|---:|")
    for number in options.memory:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {number:,} | {call(options, '--peak', number, '--results', Path(folder) / 'results'):.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4000, help="with --ways: images that a generator is trained on")
    parser.add_argument("--epochs", type=int, default=20, help="with --ways")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=1, help="repetitions of two splits")
    parser.add_argument("--ways", action="store_true", help="compare ways instead of separating costs")
    parser.add_argument("--memory", type=int, nargs="+", help="numbers of trivial tasks, such as 200 2000")
    for name, kind in (("way", str), ("store", Path), ("results", Path), ("peak", int)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        run_way(options.way, options.store, options.results, options)
    elif options.peak:
        measure_peak(options.peak, options.results)
    elif options.memory:
        compare_memory(options)
    elif options.ways:
        compare_ways(options)
    else:
        separate_costs(options)


if __name__ == "__main__":
    main()
