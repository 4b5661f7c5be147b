"""Edited side files: what do commands say to a store, a run, a classifier or results with one file damaged?

Every edit takes a fresh copy of a small artefact, changes one file in one place (JSON, CSV, safetensors, npz, npy, PNG,
NIfTI), and runs a command that reads it, in a process of its own. The command has to succeed or to refuse in words: a
traceback, a crash, a hang or more than `MOST_MIB` on top of what the libraries take is a failure. Checksums are mended
after half of the edits of weights, so that what lies behind them is reached.

    python benchmarks/fuzz_side_files.py --number 800 --seed 0
"""

import argparse
import contextlib
import hashlib
import io
import json
import math
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

MOST_MIB, MOST_SECONDS = 1024, 120
STUDY = (
    "--generator cgan --generator-images 16 --arms baseline augmented --families random_features --folds 2 --repeats 1 "
    "--exploratory --cores 2 --ssim-real 4 --ssim-synthetic 4 --gradcam-samples 1"
)
TINY_GAN = ["--generator-channels", "4", "--discriminator-channels", "4", "--batch-size", "8", "--device", "cpu"]
PATTERNS = {
    "store": ("store.json", "manifest.csv", "quarantine.csv", "duplicates.csv", "alarms.json", "images.npy"),
    "run": (
        "run.json",
        "history.csv",
        "alarms.json",
        "evaluation/*.json",
        "checkpoints/*/state.json",
        "checkpoints/*/*.safetensors",
        "samples/*.png",
    ),
    "classifier": ("*.json", "*.csv", "*.npz", "*.safetensors"),
    "explanations": ("*.json", "*.csv", "*.npz", "summary.txt"),
    "counterfactuals": ("*.json", "*.csv", "summary.txt"),
    "generated": ("*.json", "*.csv", "*.png"),
    "stack": ("*.json", "*.csv", "*.npz", "*.png"),
    "volume": ("*.json", "*.csv", "*.nii.gz"),
    "study": ("*.json", "*.csv", "analysis/*", "tasks/*/task.json"),
    ".again.unfinished": ("*.json", "*.jsonl", "rows.csv", "rejected.csv"),
    "inspect_data": ("*.json", "*.npz"),
}
COMMANDS = {
    "store": (
        "inspect {it}",
        "explain {run} {it} {out} --number 4",
        "train dcgan {it} {out} --images 16 {tiny}",
        "classify {it} {out} --epochs 1",
    ),
    "run": (
        "generate {it} {out} --number 4",
        "report {it} --number 12",
        "explain {it} {store} {out} --number 4",
        "train dcgan {store} {it} --images 32 {tiny}",
        "train --from {it}/run.json --store {store} {out}",
    ),
    "classifier": (
        "generate {cgan} {out} --number 4 --classifier {it} --min-label-confidence 0.1",
        "classify {store} {it} --epochs 1",
        "counterfactual {translation} {store} {out} --number 2 --judge {it}",
    ),
    "explanations": ("report {run} --number 12 --out {out} --explanations {it}",),
    "counterfactuals": ("report {translation} --out {out} --counterfactuals {it}",),
    **dict.fromkeys(("generated", "stack", "volume"), ("report {run} --number 12 --out {out} --generated {it}",)),
    "study": (f"study {{store}} {{it}} {STUDY}",),
    ".again.unfinished": ("prepare {pictures} {folder}/again --size 16 --workers 1",),
    "inspect_data": ("PAGE {store} {it}",),
}
"""Readers of each artefact; `{it}` is the damaged copy."""


# --- the artefacts -----------------------------------------------------------------------------------------------


def run(*arguments):
    from ganoscope.cli import execute

    return execute([str(argument) for argument in arguments])


def must(*arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        status = run(*arguments)
    if status:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {status}")


def make_artefacts(folder):
    """Makes one of everything, small; returns the paths by name."""
    at = {name: folder / name for name in (*PATTERNS, "cgan", "translation", "judge", "pictures")}
    must("phantom", at["store"], "--modality", "cxr", "--number", 120, "--size", 32)
    must("inspect", at["store"])
    at["inspect_data"] = at["store"] / "inspect_data"
    must("train", "dcgan", at["store"], at["run"], "--images", 32, "--tick-images", 16, *TINY_GAN)
    must("train", "cgan", at["store"], at["cgan"], "--images", 16, *TINY_GAN)
    for name, seed in (("classifier", 0), ("judge", 1)):
        must("classify", at["store"], at[name], "--epochs", 1, "--seed", seed, "--device", "cpu")
    small = [
        "--generator",
        "attention_resunet",
        "--generator-channels",
        8,
        "--discriminator-channels",
        4,
        "--batch-size",
        2,
    ]
    must(
        "train",
        "cyclegan_counterfactual",
        at["store"],
        at["translation"],
        "--images",
        8,
        "--classifier",
        at["judge"],
        "--domains",
        "normal",
        "consolidation",
        *small,
    )
    for name, form in (("generated", "png"), ("stack", "npz"), ("volume", "nifti")):
        must("generate", at["run"], at[name], "--number", 6, "--format", form)
    must("study", at["store"], at["study"], *STUDY.split())
    must("explain", at["run"], at["store"], at["explanations"], "--number", 6)
    must("counterfactual", at["translation"], at["store"], at["counterfactuals"], "--number", 4, "--panels", 1)
    must("report", at["run"], "--number", 12)
    shutil.rmtree(at["run"] / "tensorboard", ignore_errors=True)
    interrupt_prepare(at)
    return at


def interrupt_prepare(at):
    """Leaves an unfinished store, as a process that is killed before it finishes does."""
    from importlib import import_module

    from PIL import Image

    from ganoscope.data.store import Store

    module = import_module("ganoscope.workflows.prepare")

    at["pictures"].mkdir()
    for index, picture in enumerate(Store.open(at["store"]).images[:40]):
        Image.fromarray(picture).save(at["pictures"] / f"{index}.png")
    whole, module.finish = module.finish, lambda ingest, *_: ingest.commit() or (_ for _ in ()).throw(KeyboardInterrupt)
    try:
        run("prepare", at["pictures"], at["store"].parent / "again", "--size", 16, "--workers", 1)
    finally:
        module.finish = whole


# --- edits -------------------------------------------------------------------------------------------------------

VALUES = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        3,
        10**6,
        2**31,
        2**53 + 1,
        -(2**63),
        10**25,
        0.5,
        -0.5,
        1e-300,
        1e308,
        math.nan,
        math.inf,
    ),
    *(
        "",
        "x",
        "-1",
        "nan",
        "unittest.__main__",
        "os.path",
        "../../../etc/passwd",
        "/dev/zero",
        "a\0b",
        "\ud800",
        "=1+1",
        "ü" * 300,
    ),
    *([], {}, [[]], [None], [1, 2, 3], {"a": {"b": 1}}, [[1, 2], [3]], ["x"] * 50),
]
RAW = {
    "empty": lambda data, rng: b"",
    "cut": lambda data, rng: data[: rng.randrange(len(data))],
    "byte": lambda data, rng: replace_at(data, rng.randrange(len(data)), bytes([rng.randrange(256)])),
    "bad letter": lambda data, rng: replace_at(data, rng.randrange(len(data)), b"\xff"),
    "zero": lambda data, rng: replace_at(data, rng.randrange(len(data)), b"\0"),
    "order mark": lambda data, rng: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data, rng: data.decode("utf-8", "replace").encode("utf-16"),
    "doubled": lambda data, rng: data + data,
    "deep": lambda data, rng: b"[" * 100_000,
    "deep object": lambda data, rng: b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "huge number": lambda data, rng: replace_number(data, b"9" * 6_000, rng),
    "large number": lambda data, rng: replace_number(data, b"9" * 30, rng),
    "overflow": lambda data, rng: replace_number(data, b"1e999", rng),
    "not a number": lambda data, rng: replace_number(data, b"NaN", rng),
    "other text": lambda data, rng: b"<html>404</html>",
}


def replace_at(data, place, content):
    return data[:place] + content + data[place + 1 :]


def replace_number(data, number, rng):
    import re

    found = list(re.finditer(rb"(?<![\w.\"])-?\d+(\.\d+)?(?![\w.\"])", data[:100_000]))
    if not found:
        return number
    one = rng.choice(found)
    return data[: one.start()] + number + data[one.end() :]


def list_places(content, place=()):
    """Yields the places of all values; of long lists, the first few."""
    items = (
        content.items() if isinstance(content, dict) else enumerate(content[:4]) if isinstance(content, list) else ()
    )
    for name, value in items:
        yield (*place, name)
        yield from list_places(value, (*place, name))


def edit_json(data, rng):
    content = json.loads(data)
    places = list(list_places(content))
    if not places:
        return "whole", json.dumps(rng.choice(VALUES)).encode()
    depth = rng.randint(1, max(map(len, places)))  # so that the few fields at the top are met as often as long lists
    place = rng.choice([one for one in places if len(one) <= depth])
    inside = content
    for name in place[:-1]:
        inside = inside[name]
    kind = rng.choice(("value", "value", "value", "remove", "add", "twice", "swap", "whole"))
    if kind == "value":
        inside[place[-1]] = rng.choice(VALUES)
    elif kind == "remove":
        del inside[place[-1]]
    elif kind == "add" and isinstance(inside, dict):
        inside[rng.choice(("", "unknown", "schema_version", "__class__"))] = rng.choice(VALUES)
    elif kind == "swap":
        inside[place[-1]] = {"list": inside[place[-1]]} if isinstance(inside[place[-1]], list) else [inside[place[-1]]]
    elif kind == "whole":
        content = rng.choice(VALUES)
    text = json.dumps(content)
    if kind == "twice" and text.startswith("{"):
        text = f'{{"{place[0]}": 1, {text[1:]}'
    return f"{kind} {'.'.join(map(str, place))}", text.encode()


CELLS = [
    "",
    "x",
    "-1",
    "nan",
    "inf",
    "1e400",
    "9" * 5000,
    "=1+1",
    '"',
    "a\0b",
    "ü",
    "1,2",
    "'",
    "\r",
    "1 2 3",
    "-1 -1 -1 -1",
]


def edit_csv(data, rng):
    lines = [line.split(",") for line in data.decode().split("\n")[:-1]] or [[""]]
    row = rng.randrange(len(lines))
    column = rng.randrange(len(lines[row]))
    name = lines[0][min(column, len(lines[0]) - 1)]
    kind = rng.choice(
        ("cell", "cell", "cell", "drop cell", "more cells", "header", "same header", "no header", "no rows", "drop row")
    )
    if kind == "cell":
        lines[max(1, row) if len(lines) > 1 else 0][column] = rng.choice(CELLS)
    elif kind == "drop cell":
        del lines[row][column]
    elif kind == "more cells":
        lines[row].append("more")
    elif kind == "header":
        lines[0][column] = rng.choice(CELLS)
    elif kind == "same header":
        lines[0][column] = lines[0][0]
    elif kind == "no header":
        del lines[0]
    elif kind == "no rows":
        del lines[1:]
    else:
        del lines[row]
    return f"{kind} {name}", "".join(",".join(line) + "\n" for line in lines).encode()


def edit_safetensors(data, rng):
    length = struct.unpack("<Q", data[:8])[0]
    header, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    name = rng.choice([key for key in header if key != "__metadata__"] or [""])
    kind = rng.choice(("header", "number", "number", "dtype", "shape", "offsets", "rename", "drop", "length"))
    one = header.get(name, {"data_offsets": [0, 0], "shape": [], "dtype": "F32"})
    if kind == "header":
        kind, changed = edit_json(json.dumps(header).encode(), rng)
        return f"header {kind}", struct.pack("<Q", len(changed)) + changed + bytes(body)
    if kind == "number" and one["dtype"] == "F32" and one["data_offsets"][1] > one["data_offsets"][0]:
        body[one["data_offsets"][0] : one["data_offsets"][0] + 4] = struct.pack(
            "<f", rng.choice((math.nan, math.inf, -math.inf))
        )
    elif kind == "dtype":
        one["dtype"] = rng.choice(("F16", "I64", "BF16", "F99", 5))
    elif kind == "shape":
        one["shape"] = rng.choice(([], [10**12], [-1], one["shape"][::-1], "x"))
    elif kind == "offsets":
        one["data_offsets"] = rng.choice(([0, 10**12], [8, 0], [0], [-4, 4]))
    elif kind == "rename":
        header[f"{name}x"] = header.pop(name)
    elif kind == "drop":
        header.pop(name, None)
    text = json.dumps(header).encode()
    size = rng.choice((0, 2**40, 2**63, len(text) + 1)) if kind == "length" else len(text)
    return f"{kind} {name}", struct.pack("<Q", size) + text + bytes(body)


def edit_npz(data, rng):
    import numpy as np

    with np.load(io.BytesIO(data)) as file:
        arrays = {name: file[name] for name in file.files}
    name = rng.choice(list(arrays))
    kind = rng.choice(("drop", "empty", "shape", "type", "text", "objects", "numbers", "add"))
    one = arrays[name]
    numbers = (
        np.full(one.shape, rng.choice((-1, 10**9)), np.int64) if one.dtype.kind in "iu" else np.full(one.shape, np.nan)
    )
    if kind == "drop":
        del arrays[name]
    elif kind == "add":
        arrays["unknown"] = np.zeros(3)
    else:
        values = {
            "empty": one[:0] if one.ndim else np.zeros(0),
            "shape": one.reshape(1, -1),
            "type": one.astype("U8"),
            "text": np.array("x"),
            "objects": np.array([{"a": 1}], object),
            "numbers": numbers,
        }
        arrays[name] = values[kind]
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return f"{kind} {name}", file.getvalue()


EDITORS = {".json": edit_json, ".csv": edit_csv, ".safetensors": edit_safetensors, ".npz": edit_npz}


def damage(path, rng):
    """Changes a file in one place and returns what was done, in words."""
    data = path.read_bytes()
    editor = EDITORS.get(path.suffix)
    if rng.random() < 0.03:
        path.unlink()
        if rng.random() < 0.5:
            path.mkdir()
        return "a folder in its place" if path.exists() else "gone"
    if editor and rng.random() < 0.75:
        done, content = editor(data, rng)
    else:
        done = rng.choice(list(RAW))
        content = RAW[done](data, rng)
    path.write_bytes(content)
    return done


def mend_checksums(path):
    """States the checksum that a changed file of weights has now, where one is stated."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    for name, field in (("state.json", "sha256"), ("classifier.json", "weights_sha256")):
        record = path.with_name(name)
        if record.exists():
            content = json.loads(record.read_text())
            content[field] = {**content[field], path.name: digest} if field == "sha256" else digest
            record.write_text(json.dumps(content))


# --- trials ------------------------------------------------------------------------------------------------------


def choose(at, rng):
    """Returns an artefact, one of its files and a command that reads it, all drawn at random."""
    name = rng.choice(list(PATTERNS))
    files = sorted({file for pattern in PATTERNS[name] for file in at[name].glob(pattern) if file.is_file()})
    return name, rng.choice(files).relative_to(at[name]), rng.choice(COMMANDS[name])


def attempt(command, places):
    """Runs a command in this process; returns (exit status or None after an exception, output)."""
    import ganoscope.cli as cli

    output = io.StringIO()
    cli.OUTPUT.file = cli.ERRORS.file = output
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            if command.startswith("PAGE"):
                status = write_page(*(places[part.strip("{}")] for part in command.split()[1:]))
            else:
                status = run(*(part.format(**places) for part in command.replace("{tiny}", " ".join(TINY_GAN)).split()))
        except SystemExit as stop:
            status = stop.code
        except BaseException:
            return None, output.getvalue() + traceback.format_exc()
    return status, output.getvalue()


def write_page(store, data):
    """Reads what `inspect` measured, and draws the page from it, as the command does after measuring."""
    from ganoscope.data.store import Store
    from ganoscope.errors import UserError
    from ganoscope.reports.store.page import save_inspection

    if data.parent != store:
        shutil.rmtree(store / "inspect_data")
        shutil.copytree(data, store / "inspect_data")
    try:
        save_inspection(Store.open(store), store / "inspect.html")
    except UserError as error:
        print(error)
        return 2
    return 0


def try_one(at, rng, seed):
    """Damages one file of a copy and runs one reader; returns (artefact, file, edit, command, verdict, words)."""
    name, file, command = choose(at, rng)
    with tempfile.TemporaryDirectory(dir=at["store"].parent.parent) as scratch:
        folder = Path(scratch)
        places = {
            **{key: path for key, path in at.items() if not key.startswith(".")},
            "out": folder / "out",
            "folder": folder,
        }
        places["it"] = folder / name
        shutil.copytree(at[name], places["it"])
        if name == "inspect_data":
            places["store"] = Path(shutil.copytree(at["store"], folder / "store"))
        done = damage(places["it"] / file, rng)
        if file.suffix == ".safetensors" and rng.random() < 0.5:
            mend_checksums(places["it"] / file)
        if name == "classifier" and command.startswith("classify"):
            (places["it"] / "classifier.html").unlink()
        verdict, words = judge(command, places, folder)
    return name, file.as_posix(), done, command, verdict, words


def judge(command, places, folder):
    """Runs a command in a process of its own; returns a verdict and what was printed."""
    told = folder / "told"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    process = os.fork()
    if not process:
        signal.alarm(MOST_SECONDS)
        status, output = attempt(command, places)
        told.write_text(f"{status}\n{output}", encoding="utf-8", errors="backslashreplace")
        os._exit(0)
    _, code, usage = os.wait4(process, 0)
    if code:
        return "hang" if os.WIFSIGNALED(code) and os.WTERMSIG(code) == signal.SIGALRM else f"crash {code}", ""
    status, _, output = told.read_text(encoding="utf-8").partition("\n")
    if status == "None" or "Traceback" in output:
        return "traceback", output
    if (usage.ru_maxrss - before) / 1024 > MOST_MIB:
        return "memory", output
    return {"0": "accepted", "2": "refused"}.get(status, f"status {status}"), output


def fuzz(at, number, seed, show):
    """Runs trials and returns their results."""
    results = []
    for index in range(number):
        rng = random.Random(f"{seed} {index}")
        result = try_one(at, rng, seed)
        results.append(result)
        if result[4] not in ("accepted", "refused"):
            show(index, result)
    return results


def warm_up():
    """Imports what the commands need, so that processes share it."""
    import ganoscope.cli.classify
    import ganoscope.cli.counterfactual
    import ganoscope.cli.explain
    import ganoscope.cli.generate
    import ganoscope.cli.inspect
    import ganoscope.cli.prepare
    import ganoscope.cli.report
    import ganoscope.cli.train  # noqa: F401


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="number of the one trial to repeat")
    parser.add_argument("--artefacts", type=Path, help="folder to make the artefacts in, or to find them in")
    options = parser.parse_args()
    warm_up()
    with tempfile.TemporaryDirectory() as scratch:
        at = prepare_artefacts(options.artefacts or Path(scratch) / "made")
        if options.only is not None:
            print(*try_one(at, random.Random(f"{options.seed} {options.only}"), options.seed), sep="\n")
            return
        start = time.monotonic()
        results = fuzz(at, options.number, options.seed, show)
    report(results, time.monotonic() - start)


def prepare_artefacts(folder):
    """Returns the paths of the artefacts in a folder, made where it does not exist."""
    if not folder.exists():
        folder.mkdir(parents=True)
        make_artefacts(folder)
    at = {name: folder / name for name in (*PATTERNS, "cgan", "translation", "judge", "pictures")}
    return {**at, "inspect_data": at["store"] / "inspect_data"}


def show(index, result):
    *facts, words = result
    print(f"{index}: {' | '.join(facts)}\n    {' / '.join(words.strip().splitlines()[-3:])[:600]}", flush=True)


def report(results, seconds):
    verdicts = Counter(result[4] for result in results)
    counts = ", ".join(f"{count} {name}" for name, count in verdicts.most_common())
    print(f"{len(results)} edits in {seconds:.0f} s: {counts}")
    unnamed = [one for one in results if one[4] == "refused" and Path(one[1]).name not in one[5].replace("\n", "")]
    print(f"refused without naming the file: {len(unnamed)}")
    for one in unnamed[:20]:
        print("   ", one[:4], one[5].strip()[-200:])
    sys.exit(bool(set(verdicts) - {"accepted", "refused"}))


if __name__ == "__main__":
    main()
