"""What do tasks cost over a bare loop, how much faster are two workers than one, and how does joblib compare?

Each task trains a small convolutional network on phantoms drawn from its seed, with one thread, for about as long as
`--seconds` says. Side by side, in turn, so that other work on the machine meets all alike: the bare loop in this
process, joblib's processes (loky), and the engine `local`, with one worker and with two. Results are saved by all.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import joblib
import numpy as np
import torch

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


def measure(function, number, steps, workers):
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        function(Path(folder) / "results", number, steps, workers)
        return time.perf_counter() - start


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
    options = parser.parse_args()
    steps = find_steps(options.seconds)
    times = {name: [] for name in WAYS}
    for round_number in range(options.rounds):
        names = list(WAYS)[round_number % len(WAYS) :] + list(WAYS)[: round_number % len(WAYS)]
        for name in names:
            times[name].append(measure(WAYS[name][0], options.tasks, steps, WAYS[name][1]))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    print(f"{options.tasks} tasks of {steps} steps, {options.rounds} rounds; medians (all rounds)\n")
    print("| way | seconds | against the bare loop |\n|---|---:|---:|")
    for name, seconds in medians.items():
        each = ", ".join(f"{one:.1f}" for one in times[name])
        print(f"| {name} | {seconds:.1f} ({each}) | {seconds / medians['bare loop']:.3f} |")
    for way in ("tasks", "joblib"):
        print(f"\n{way}: two workers are {medians[f'{way}, 1 worker'] / medians[f'{way}, 2 workers']:.2f} x one")


if __name__ == "__main__":
    main()
