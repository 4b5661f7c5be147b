"""Time of `ganoscope --help`, against a process that imports torch, taken in turns."""

import statistics
import subprocess
import sys
import time

ROUNDS = 7
COMMANDS = {
    "ganoscope --help": [sys.executable, "-m", "ganoscope", "--help"],
    "import torch": [sys.executable, "-c", "import torch"],
}


def main():
    seconds = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    for name, values in seconds.items():
        print(f"{name}: median {medians[name]:.3f} s, {min(values[1:]):.3f} to {max(values[1:]):.3f} ({ROUNDS} rounds)")
    print(f"ratio help / import torch: {medians['ganoscope --help'] / medians['import torch']:.2f}")


if __name__ == "__main__":
    main()
