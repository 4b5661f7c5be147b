"""Peak memory of `prepare`, `inspect` and `train` at 1,000, 50,000 and (by links) 100,000 phantom images of 64 x 64.

Each runs as a process of its own; the memory of its worker processes counts too. What counts is anonymous memory
(RssAnon): memory-mapped pages of the store belong to the system's file cache, which it takes back at will; their size
is printed beside it. Beyond `--unique` images, further ones are hard links to the first: copies, which is the hardest
case for the search for duplicates. Quick, in some four minutes: `--numbers 3000 100000 --unique 3000`.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from ganoscope.data.phantoms import make_phantom

SIZE, CHUNK = 64, 500


def write_chunk(folder, start):
    for index in range(start, start + CHUNK):
        phantom = make_phantom("mri", index, SIZE, seed=0)
        Image.fromarray(phantom.pixels).save(folder / phantom.label / f"{phantom.patient}_{phantom.view}.png")


def write_pngs(folder, number, unique):
    for label in ("notumor", "glioma", "meningioma"):
        (folder / label).mkdir(parents=True)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(partial(write_chunk, folder), range(0, min(number, unique), CHUNK)))
    originals = sorted(path for path in folder.rglob("*.png"))
    for index in range(unique, number):
        original = originals[index % len(originals)]
        original.with_name(f"link{index}_{original.name}").hardlink_to(original)


def peak_megabytes(arguments):
    """Returns the largest RssAnon and RssFile of `ganoscope ...`, and its seconds."""
    start, peaks = time.perf_counter(), {"RssAnon": 0, "RssFile": 0}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([sys.executable, "-m", "ganoscope", *arguments], stdout=errors, stderr=errors)
        while process.poll() is None:
            for name, value in sum_memory(process.pid).items():
                peaks[name] = max(peaks[name], value // 1024)
            time.sleep(0.05)
        if process.wait():
            errors.seek(0)
            sys.exit(f"ganoscope {' '.join(arguments)} failed: {errors.read()}")
    return peaks["RssAnon"], peaks["RssFile"], time.perf_counter() - start


def sum_memory(process):
    """Returns RssAnon and RssFile in KiB, summed over a process and all that descend from it."""
    parents, states = {}, {}
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            states[int(path.parent.name)] = status = path.read_text()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(re.search(r"PPid:\s+(\d+)", status)[1])
    family = {process}
    while grown := {number for number, parent in parents.items() if parent in family} - family:
        family |= grown
    found = [match for number in family for match in re.findall(r"(RssAnon|RssFile):\s+(\d+)", states.get(number, ""))]
    return {kind: sum(int(value) for name, value in found if name == kind) for kind in ("RssAnon", "RssFile")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, nargs="+", default=[1000, 50_000, 100_000])
    parser.add_argument("--unique", type=int, default=50_000)
    arguments = parser.parse_args()
    results = {}
    for number in arguments.numbers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_pngs(folder / "source", number, arguments.unique)
            pattern = ["--patient-pattern", r"(phantom-\d+)_"]
            commands = {
                "prepare, patients known": ["prepare", folder / "source", folder / "store", *pattern],
                "prepare, near-duplicates": [
                    "prepare",
                    folder / "source",
                    folder / "other",
                    "--patient-pattern",
                    "(x)",
                ],
                "inspect": ["inspect", folder / "store"],
                "train, 640 images": ["train", "dcgan", folder / "store", folder / "run", "--images", "640"],
            }
            for title, command in commands.items():
                anonymous, mapped, seconds = peak_megabytes([str(word) for word in command])
                results.setdefault(title, []).append(anonymous)
                print(
                    f"{number:>6,} images, {title}: {anonymous} MB, mapped files {mapped} MB, {seconds:.1f} s",
                    flush=True,
                )
    for title, (first, *_, last) in results.items():
        grown = 1e6 * (last - first) / (arguments.numbers[-1] - arguments.numbers[0])
        print(f"anonymous memory, last / first, {title}: {last / first:.2f}; {grown:.0f} bytes per image")


if __name__ == "__main__":
    main()
