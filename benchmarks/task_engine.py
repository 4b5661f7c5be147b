"""What do tasks cost over a bare loop, how much faster are two workers than one, and how does joblib compare?

Each task trains a small convolutional network on noise drawn from its seed, with one thread, for about as long as
`--seconds` says. The ways follow one another, so that other work on the machine meets all alike: the bare loop,
joblib's processes (loky), and the engine `local`, with one worker and with two. Results are saved by all. Each way runs
in a process of its own, which first imports torch, as every script would; that is not counted, but what a way imports
again in further processes is. Processor time counts all processes of a way: unlike seconds, it depends little on what
else the machine does.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import joblib
import numpy as np
import torch
from joblib.externals.loky import get_reusable_executor

from ganoscope.tasks.engines import EngineOptions
from ganoscope.tasks.running import run_tasks
from ganoscope.tasks.task import Task

REVISIONS = {"train": 1}
BATCH, SIZE = 16, 32


def train(output, inputs, seed, steps):
    """Trains the network and saves its weights."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 16, 3),
        torch.nn.Flatten(),
        torch.nn.LazyLinear(2),
    )
    network(torch.zeros(1, 1, SIZE, SIZE))
    optimiser = torch.optim.SGD(network.parameters(), 0.01)
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(network(torch.randn(BATCH, 1, SIZE, SIZE)), torch.randint(2, (BATCH,)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    np.savez(output / "weights.npz", *[one.detach().numpy() for one in network.parameters()])


def train_into(folder, seed, steps):
    output = folder / str(seed)
    output.mkdir(parents=True)
    train(output, {}, seed, steps)


def run_bare(folder, number, steps, _):
    for seed in range(number):
        train_into(folder, seed, steps)


def run_joblib(folder, number, steps, workers):
    call = joblib.delayed(train_into)
    joblib.Parallel(workers, inner_max_num_threads=1)(call(folder, seed, steps) for seed in range(number))


def run_engine(folder, number, steps, workers):
    tasks = [Task(f"seed {seed}", "task_engine:train", {"seed": seed, "steps": steps}) for seed in range(number)]
    run_tasks(tasks, folder, EngineOptions(cores=workers))


WAYS = {
    "bare loop": (run_bare, 1),
    "tasks, 1 worker": (run_engine, 1),
    "joblib, 1 worker": (run_joblib, 1),
    "tasks, 2 workers": (run_engine, 2),
    "joblib, 2 workers": (run_joblib, 2),
}


def measure(name, number, steps):
    """Returns the seconds and the processor time of one way, in a process of its own."""
    command = [sys.executable, __file__, "--way", name, "--tasks", str(number), "--steps", str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()[-2:]]


def run_way(name, number, steps):
    """Runs one way in this process, and prints its seconds and its processor time."""
    function, workers = WAYS[name]
    with tempfile.TemporaryDirectory() as folder:
        before, start = os.times(), time.perf_counter()
        function(Path(folder) / "results", number, steps, workers)
        seconds = time.perf_counter() - start
        if name.startswith("joblib"):
            get_reusable_executor().shutdown(wait=True)  # a process is counted when it has ended
        after = os.times()
    print(seconds, sum(after[:4]) - sum(before[:4]))


def find_steps(seconds):
    with tempfile.TemporaryDirectory() as folder:
        train_into(Path(folder), 0, 20)
        start = time.perf_counter()
        train_into(Path(folder), 1, 100)
        return max(1, round(100 * seconds / (time.perf_counter() - start)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--way", choices=WAYS)
    options = parser.parse_args()
    steps = options.steps or find_steps(options.seconds)
    if options.way:
        run_way(options.way, options.tasks, steps)
        return
    measured = {name: [] for name in WAYS}
    for _ in range(options.rounds):
        for name in WAYS:
            measured[name].append(measure(name, options.tasks, steps))
    print_table(measured, options.tasks, steps)


def print_table(measured, tasks, steps):
    medians = {name: [statistics.median(one) for one in zip(*rounds, strict=True)] for name, rounds in measured.items()}
    rounds = len(measured["bare loop"])
    print(f"{tasks} tasks of {steps} steps; medians of {rounds} rounds\n")
    print("| way | seconds | against the bare loop | processor seconds | against the bare loop |")
    print("|---|---:|---:|---:|---:|")
    for name, (seconds, processor) in medians.items():
        bare = medians["bare loop"]
        print(f"| {name} | {seconds:.1f} | {seconds / bare[0]:.3f} | {processor:.1f} | {processor / bare[1]:.3f} |")
    for way in ("tasks", "joblib"):
        pairs = zip(measured[f"{way}, 1 worker"], measured[f"{way}, 2 workers"], strict=True)
        each = [one[0] / two[0] for one, two in pairs]
        print(f"\n{way}: two workers are {statistics.median(each):.2f} x one ({', '.join(f'{x:.2f}' for x in each)})")


if __name__ == "__main__":
    main()
