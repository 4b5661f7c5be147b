"""Faults at every point where a command touches the disk: what is left is whole, and the same call goes on.

    python benchmarks/fault_injection.py [--verbs generate train ...] [--points 12] [--seed 0]

For `prepare`, `train`, `classify`, `generate` and `explain` on phantoms of 32 x 32 pixels it counts the places where a
command writes, flushes, renames or removes a file, and then breaks it there:

- `kill`: SIGKILL just before and just after a rename, a flush to disk or a removal, and at random moments;
- `full`: the disk is full at a write, a flush or the creation of a file (OSError ENOSPC);
- `TERM`, `HUP`, `INT`: a signal at a random moment, after which the exit status must be the signal's, in words.

Afterwards the same command is run again. It must end with status 0 and the same result as a command that nothing
disturbed, or refuse because the undisturbed result is already there. Nothing else may be left: no temporary folder, no
worker process, no lock, and no traceback. A line per verb and kind of fault is printed.
"""

import argparse
import builtins
import errno
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from ganoscope.cli import main as main_of_ganoscope

SIZE = ("--size", "32")
NETWORKS = ("--generator-channels", "4", "--discriminator-channels", "4", "--latent-dim", "8")
EXACT = ("--precision", "fp32", "--memory-format", "contiguous")
VOLATILE = (
    "history.csv",
    "tensorboard",
    "run.json",
    "classify.json",
    "classifier.json",
    "classifier.html",
    "*.key.csv",
)
"""Files that hold times, which no two runs share, and folders that only repeat the history."""
VERBS = ("prepare", "train", "classify", "generate", "explain")

COUNTED = ("rename", "replace", "fsync", "unlink", "remove", "rmdir", "mkdir")
"""Functions of `os` that are places to break at; a full disk breaks the ones that need room, and opening to write."""
NEED_ROOM = ("fsync", "mkdir")


class Breaker:
    """Counts the places where a process touches files of a folder, and breaks it at one of them."""

    def __init__(self, kind: str, point: int, root: Path) -> None:
        self.kind, self.point, self.root, self.count = kind, point, str(root), 0

    def install(self) -> None:
        """Puts itself around the functions that touch the disk, in this process, for good."""
        full = "full" in self.kind
        for name in NEED_ROOM if full else COUNTED:
            setattr(os, name, self.surround(getattr(os, name), twice=not full))
        if full:
            io.open = builtins.open = self.surround_open(io.open)

    def reach(self, place: object) -> None:
        """Counts a place, and breaks there where it is the one."""
        if isinstance(place, int):
            with suppress(OSError):
                place = Path(f"/proc/self/fd/{place}").readlink()
        if not isinstance(place, str | os.PathLike) or not str(Path(place).absolute()).startswith(self.root):
            return
        self.count += 1
        if self.count == self.point and self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.count == self.point and self.kind == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(place))

    def surround(self, original: Callable[..., Any], twice: bool) -> Callable[..., Any]:
        """Returns a function that is a place to break at, before the call and, with `twice`, after it."""

        def call(*arguments: Any, **options: Any) -> Any:
            self.reach(arguments[0])
            result = original(*arguments, **options)
            if twice:
                self.reach(arguments[0])
            return result

        return call

    def surround_open(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Returns `open` with every file that is opened to be written as a place to break at."""

        def call(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if any(letter in mode for letter in "wax+"):
                self.reach(file)
            return original(file, mode, *arguments, **options)

        return call


@dataclass
class Tally:
    """What came of the faults of one kind in one verb."""

    trials: int = 0
    hit: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """A command in a folder of its own.

    Attributes:
        verb: Name of the command.
        inputs: Folder with what it reads.
        folder: Folder that it may write to.
    """

    verb: str
    inputs: Path
    folder: Path

    @property
    def result(self) -> Path:
        """What the command makes."""
        return self.folder / "out"

    def list_arguments(self) -> list[str]:
        """Returns the arguments of the command."""
        inputs, out = self.inputs, self.result
        given: dict[str, list[object]] = {
            "prepare": [inputs / "pictures", out, *SIZE, "--workers", "1"],
            "train": ["dcgan", inputs / "store", out, "--images", "128", "--batch-size", "16", *NETWORKS, *EXACT],
            "classify": [inputs / "store", out, "--epochs", "2", "--batch-size", "16", "--precision", "fp32"],
            "generate": [inputs / "run", out, "--number", "20"],
            "explain": [inputs / "run", inputs / "store", out, "--number", "8"],
        }
        return [self.verb, *map(str, given[self.verb])]

    def start(self, kind: str = "none", point: int = 0) -> int:
        """Starts the command in a copy of this process, which has everything imported; returns the process's id."""
        return fork(self.list_arguments(), self.folder, Breaker(kind, point, self.folder))

    def wait(self, process: int) -> tuple[int, str]:
        """Returns the exit status of a command, negative after a signal, and what it said."""
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        return status, self.folder.with_name("told").read_text()

    def run(self, kind: str = "none", point: int = 0) -> tuple[int, str]:
        """Runs the command, and returns its exit status and what it said."""
        return self.wait(self.start(kind, point))


def fork(arguments: list[str], folder: Path, breaker: Breaker) -> int:
    """Runs a command in a copy of this process, and returns its id; what it says is written beside the folder."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        told = os.open(folder.with_name("told"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(told, 1)
        os.dup2(told, 2)
        tempfile.tempdir = str(folder / "tmp")
        breaker.install()
        main_of_ganoscope(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        breaker.root = "/nowhere"
        folder.with_name("count").write_text(str(breaker.count))
        sys.stdout.flush()
        os._exit(status)


def make_inputs(folder: Path) -> None:
    """Makes pictures, a store and a run to read."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in ("sick", "well"):
        (folder / "pictures" / label).mkdir(parents=True)
        for number in range(24):
            blob = rng.normal(0, 25, (40, 36)) + 90 + 60 * np.outer(np.hanning(40), np.hanning(36))
            Image.fromarray(blob.clip(0, 255).astype(np.uint8)).save(folder / "pictures" / label / f"{number}.png")
    for command in (
        ["phantom", folder / "store", "--number", "144", *SIZE],
        ["train", "dcgan", folder / "store", folder / "run", "--images", "64", "--batch-size", "16", *NETWORKS, *EXACT],
    ):
        made = fork([str(one) for one in command], folder / "made", Breaker("none", 0, folder))
        if os.waitpid(made, 0)[1]:
            raise SystemExit((folder / "told").read_text())


def describe(folder: Path) -> dict[str, str]:
    """Returns the digest of every file of a result, without those that hold times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(one.match(pattern) for one in (name, *name.parents) for pattern in VOLATILE):
            found[str(name)] = digest(path)
    return found


def digest(path: Path) -> str:
    """Returns what identifies the content of a file, apart from pseudonyms, which are secret and new each time."""
    content = path.read_bytes()
    if path.name == "manifest.csv" and b"patient" in content:
        rows = [line.split(",") for line in content.decode().splitlines()]
        at = rows[0].index("patient") if "patient" in rows[0] else None
        content = repr([[*row[:at], *row[at + 1 :]] if at is not None else row for row in rows]).encode()
    if path.suffix == ".json":
        values = json.loads(content)
        for name in ("started", "run", "store") if isinstance(values, dict) else ():
            values.pop(name, None)
        content = json.dumps(values, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def list_leftovers(folder: Path) -> list[str]:
    """Returns what a command left besides its result and its key."""
    kept = ("out", "tmp", "out.key.csv")
    beside = [path.name for path in folder.iterdir() if path.name not in kept]
    inside = [path.name for path in folder.rglob(".*") if path.name.endswith((".partial", "-lock"))]
    return sorted({*beside, *inside, *(path.name for path in (folder / "tmp").glob("ganoscope-*"))})


def judge(trial: Trial, expected: dict[str, str], tally: Tally, name: str) -> None:
    """Runs the same command again, and notes whether it ends as it must."""
    whole = trial.result.is_dir() and describe(trial.result) == expected
    status, told = trial.run()
    faults = []
    if status == 0:
        outcome = "went on to the same result"
    elif whole and "not empty" in told:
        outcome = "was complete already"
    else:
        outcome = "refused"
        faults.append(f"status {status}: {told[-300:]}")
    found = describe(trial.result) if trial.result.is_dir() else {}
    wrong = sorted(one for one in expected.keys() | found.keys() if expected.get(one) != found.get(one))
    faults += [f"differs: {wrong[:5]}"] if wrong else []
    faults += ["traceback"] if "Traceback" in told else []
    faults += [f"left: {left}"] if (left := list_leftovers(trial.folder)) else []
    tally.outcomes[outcome] += 1
    tally.faults += [f"{name}: {fault}" for fault in faults]


def check_words(status: int, told: str, expected: int, name: str) -> list[str]:
    """Returns what is wrong with how a broken command ended."""
    faults = [f"{name}: status {status}, not {expected}: {told[-300:]}"] if status != expected else []
    return faults + ([f"{name}: traceback: {told[-600:]}"] if "Traceback" in told else [])


def choose_points(count: int, most: int) -> list[int]:
    """Returns up to `most` evenly spread places of `count`."""
    return sorted({1 + round(step * (count - 1) / max(1, most - 1)) for step in range(min(count, most))})


def try_places(verb: str, inputs: Path, expected: dict[str, str], kind: str, most: int) -> Tally:
    """Breaks a command at up to `most` places where it touches the disk."""
    tally = Tally()
    with new_trial(verb, inputs) as trial:
        trial.run("count-full" if kind == "full" else "count")
        count = int(trial.folder.with_name("count").read_text())
    for point in choose_points(count, most):
        with new_trial(verb, inputs) as trial:
            status, told = trial.run(kind, point)
            name = f"{verb}, {kind} at place {point} of {count}"
            tally.trials += 1
            tally.hit += status != 0
            if kind == "full" and status:
                tally.faults += check_words(status, told, 2, name)
            judge(trial, expected, tally, name)
    return tally


def try_moments(verb: str, inputs: Path, expected: dict[str, str], number: signal.Signals, most: int) -> Tally:
    """Sends a signal to a command at random moments."""
    tally = Tally()
    with new_trial(verb, inputs) as trial:
        begun = time.monotonic()
        trial.run()
        lasted = time.monotonic() - begun
    for moment in range(most):
        with new_trial(verb, inputs) as trial:
            process = trial.start()
            time.sleep(random.uniform(0.1, 1.0) * lasted)
            os.kill(process, number)
            status, told = trial.wait(process)
            name = f"{verb}, {number.name} at moment {moment}"
            tally.trials += 1
            tally.hit += status != 0
            if status and number != signal.SIGKILL:
                tally.faults += check_words(status, told, 128 + number, name)
            judge(trial, expected, tally, name)
    return tally


class new_trial:  # noqa: N801
    """A trial in a temporary folder, which is removed afterwards."""

    def __init__(self, verb: str, inputs: Path) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="fault-"))
        self.trial = Trial(verb, inputs, self.place / "work")
        self.trial.folder.mkdir()

    def __enter__(self) -> Trial:
        """Returns the trial."""
        return self.trial

    def __exit__(self, *_: object) -> None:
        """Removes its folder."""
        shutil.rmtree(self.place, ignore_errors=True)


def list_kinds(most: int) -> Iterator[tuple[str, Callable[..., Tally]]]:
    """Yields (name, function that tries it) for every kind of fault."""
    for kind in ("kill", "full"):
        yield f"{kind} at places", partial(try_places, kind=kind, most=most)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        yield f"{number.name} at moments", partial(try_moments, number=number, most=max(1, most // 4))


def main() -> int:
    """Tries everything, prints a line per verb and kind, and returns 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verbs", nargs="+", default=VERBS, choices=VERBS)
    parser.add_argument("--points", type=int, default=12, help="most places per verb and kind")
    parser.add_argument("--kinds", nargs="+", help="only kinds that contain one of these words")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random.seed(asked.seed)
    for module in ("torch.utils.tensorboard", "tyro", *(f"ganoscope.cli.{verb}" for verb in (*VERBS, "phantom"))):
        import_module(module)  # once, so that a trial takes a second
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="fault-inputs-") as name:
        inputs = Path(name)
        make_inputs(inputs)
        for verb in asked.verbs:
            with new_trial(verb, inputs) as trial:
                status, told = trial.run()
                if status:
                    raise SystemExit(f"{verb} does not run at all: {told}")
                expected = describe(trial.result)
            for kind, attempt in list_kinds(asked.points):
                if asked.kinds and not any(word in kind for word in asked.kinds):
                    continue
                tally = attempt(verb, inputs, expected)
                outcomes = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.items())
                print(f"{verb}, {kind}: {tally.trials} trials, {tally.hit} broken; {outcomes}; ", end="")
                print(f"{len(tally.faults)} faults", *tally.faults, sep="\n  ", flush=True)
                faults += tally.faults
    print(f"{len(faults)} faults in all")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
