"""Peak memory of `prepare` and `train` at 1,000 and at 50,000 phantom images of 64 x 64.

Each runs as a process of its own. What counts is anonymous memory (RssAnon): memory-mapped pages of the store belong to
the system's file cache, which it takes back at will; their size is printed beside it.
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


def write_pngs(folder, number):
    for label in ("notumor", "glioma", "meningioma"):
        (folder / label).mkdir(parents=True)
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(partial(write_chunk, folder), range(0, number, CHUNK)))


def peak_megabytes(arguments):
    """Returns the largest RssAnon and RssFile of `ganoscope ...`, and its seconds."""
    start, peaks = time.perf_counter(), {"RssAnon": 0, "RssFile": 0}
    process = subprocess.Popen([sys.executable, "-m", "ganoscope", *arguments], stderr=subprocess.PIPE, text=True)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            found = re.findall(r"(RssAnon|RssFile):\s+(\d+)", status.read_text())
        except OSError:
            break
        peaks = {**peaks, **{name: max(peaks[name], int(value) // 1024) for name, value in found}}
        time.sleep(0.02)
    if process.wait():
        sys.exit(f"ganoscope {' '.join(arguments)} failed: {process.stderr.read()}")
    return peaks["RssAnon"], peaks["RssFile"], time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, nargs="+", default=[1000, 50_000])
    results = {}
    for number in parser.parse_args().numbers:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_pngs(folder / "source", number)
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
        print(f"ratio of anonymous memory, last / first, {title}: {last / first:.2f}")


if __name__ == "__main__":
    main()
