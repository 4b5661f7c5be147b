"""What `prepare` does with damaged files: 12,000 mutations of small files of every format, with a fixed seed.

Each mutation is decoded as `prepare` decodes a file, in a process that is watched from outside. Counted are crashes and
hangs of that process, exceptions that leave it, reasons that own up to an unexpected fault, and the largest memory and
processor time of a file. At the end, `ganoscope prepare` runs over folders of these files, `--folder` at a time: it has
to end with status 0 or 2 and without a traceback. Needs imagecodecs for JPEG-LS.

Repeat a mutation by its number: `python benchmarks/fuzz_files.py --count 1 --first 4711 --keep FOLDER`.
"""

import argparse
import gzip
import io
import json
import random
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

HANG_SECONDS = 90
EXTREMES = (0, 1, -1, 127, 255, 32767, 65535, 2**31 - 1, 2**32 - 1, 10**9, -(2**31))
CT, MR, US, CR = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("2", "4", "6.1", "1"))
EXPLICIT, IMPLICIT, DEFLATED, RLE, JPEG, J2K, JPEG_LS = (
    f"1.2.840.10008.1.2{end}" for end in (".1", "", ".1.99", ".5", ".4.50", ".4.90", ".4.80")
)


def make_originals():
    """Returns the content of small sound files by name."""
    y, x = np.mgrid[:48, :40]
    grey = (np.sin(x / 5) * np.cos(y / 7) * 100 + 128).astype(np.uint8)
    deep = grey.astype(np.uint16) * 200
    colour = np.dstack([grey, grey[::-1], grey])
    hu = grey.astype(np.int16) * 8 - 1024
    files = {
        "grey.png": save(grey, "PNG"),
        "deep.png": save(deep, "PNG"),
        "colour.png": save(colour, "PNG"),
        "palette.png": save(Image.fromarray(colour).quantize(16), "PNG"),
        "grey.jpg": save(grey, "JPEG"),
        "steps.jpg": save(colour, "JPEG", progressive=True),
        "plain.tif": save(deep, "TIFF"),
        "float.tif": save(grey.astype(np.float32), "TIFF"),
        **{f"{kind}.tif": save(grey, "TIFF", compression=kind) for kind in ("tiff_lzw", "tiff_deflate", "jpeg")},
        "pages.tif": save(grey, "TIFF", save_all=True, append_images=[Image.fromarray(grey[::-1])] * 3),
        "plain.nii": make_nifti(np.stack([hu] * 4, axis=2)),
        "float.nii.gz": gzip.compress(make_nifti(np.stack([hu / 3] * 4, axis=2))),
        "second.nii": make_nifti(np.stack([hu] * 4, axis=2), nibabel.Nifti2Image),
        "plain.npy": save_array(grey=grey),
        "stack.npy": save_array(stack=np.stack([hu / 3] * 3)),
        "two.npz": save_arrays(images=np.stack([grey] * 3), labels=np.array([0, 1, 0])),
        "pneumoniamnist.npz": save_arrays(
            train_images=np.stack([grey] * 4), train_labels=np.array([[0], [1], [0], [1]])
        ),
    }
    runs = [
        b"".join(b"\0" + bytes([byte]) for byte in plane.astype(np.uint8).ravel()) for plane in (deep >> 8, deep & 255)
    ]
    header = struct.pack("<16I", 2, 64, 64 + len(runs[0]), *[0] * 13)
    codestream = io.BytesIO()
    Image.fromarray(deep).save(codestream, "JPEG2000", no_jp2=True)
    files |= {
        "plain.dcm": make_dicom(hu, EXPLICIT),
        "implicit.dcm": make_dicom(hu, IMPLICIT),
        "deflated.dcm": make_dicom(hu, DEFLATED),
        "frames.dcm": make_dicom(
            np.stack([hu] * 4), EXPLICIT, SOPClassUID=MR, Modality="MR", ImagePositionPatient=None
        ),
        "colour.dcm": make_dicom(colour, EXPLICIT, SOPClassUID=US, Modality="US"),
        "rle.dcm": make_dicom(deep, RLE, [header + b"".join(runs)], SOPClassUID=MR, Modality="MR"),
        "jpeg.dcm": make_dicom(grey, JPEG, [files["grey.jpg"]], SOPClassUID=CR, Modality="CR"),
        "j2k.dcm": make_dicom(deep, J2K, [codestream.getvalue()], SOPClassUID=MR, Modality="MR"),
    }
    try:
        import imagecodecs

        files["jpegls.dcm"] = make_dicom(
            deep, JPEG_LS, [imagecodecs.jpegls_encode(deep)], SOPClassUID=MR, Modality="MR"
        )
    except ImportError:
        pass
    return files


def save(pixels, kind, **options):
    file = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def make_nifti(values, kind=nibabel.Nifti1Image):
    return kind(values, np.diag([2, 2, 2.5, 1])).to_bytes()


def save_array(**arrays):
    file = io.BytesIO()
    (array,) = arrays.values()
    np.save(file, array)
    return file.getvalue()


def save_arrays(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def make_dicom(pixels, syntax, frames=None, **attributes):
    """Returns a DICOM file of these pixels, or of these compressed frames."""
    data, meta = Dataset(), FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID = attributes.pop("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = UID(syntax)
    data.file_meta, data.Modality, data.PatientID, data.SeriesInstanceUID = meta, "CT", "P1", "1.2.3"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    data.Rows, data.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        data.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        data.NumberOfFrames = len(pixels)
    data.BitsAllocated = data.BitsStored = 8 * pixels.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(pixels.dtype.kind == "i")
    data.RescaleSlope, data.RescaleIntercept, data.PixelSpacing, data.SliceThickness = 1, 0, [0.7, 0.7], 2
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 2]
    for name, value in attributes.items():
        setattr(data, name, value)
        if value is None:
            delattr(data, name)
    data.PixelData = encapsulate(frames) if frames else np.ascontiguousarray(pixels).tobytes()
    data["PixelData"].VR = "OB" if frames else "OW"
    data["PixelData"].is_undefined_length = bool(frames)
    file = io.BytesIO()
    pydicom.dcmwrite(file, data, enforce_file_format=True)
    return file.getvalue()


def mutate(number, originals):
    """Returns name and content of a mutation; the same number gives the same one."""
    chance = random.Random(number)
    name = sorted(originals)[number % len(originals)]
    content = bytearray(originals[name])
    inside = name.endswith(".gz") and chance.random() < 0.7
    if inside:
        content = bytearray(gzip.decompress(content))
    for _ in range(chance.choice((1, 1, 1, 1, 2, 8))):
        if content:
            change(content, chance, originals)
    return name, gzip.compress(bytes(content), 1, mtime=0) if inside else bytes(content)


def change(content, chance, originals):
    """Damages a file in one place, in one of ten ways; headers more often than the rest."""
    length = len(content)
    reach = chance.choice((min(length, 64), min(length, 600), length))
    at, kind = chance.randrange(reach), chance.randrange(10)
    size = min(chance.choice((1, 4, 16, 256)), length - at)
    if kind == 0:
        content[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        content[at : at + size] = chance.randbytes(size)
    elif kind == 2:
        del content[chance.randrange(length) :]
    elif kind == 3:
        content += chance.randbytes(chance.choice((1, 100, 10_000)))
    elif kind == 4:
        del content[at : at + size]
    elif kind == 5:
        content[at:at] = content[at : at + size] * chance.choice((1, 2, 100))
    elif kind == 6:
        content[at : at + size] = bytes(size)
    elif kind == 7:
        width = chance.choice("bhiq")
        value = struct.pack(
            chance.choice("<>") + width.upper(), chance.choice(EXTREMES) % (1 << 8 * struct.calcsize(width))
        )
        content[at : at + len(value)] = value
    elif kind == 8:
        other = originals[chance.choice(sorted(originals))]
        content[at:] = other[chance.randrange(len(other)) :]
    else:
        other = chance.randrange(length)
        content[at : at + size], content[other : other + size] = content[other : other + size], content[at : at + size]


def work(folder):
    """Decodes the mutations whose numbers come on standard input, and answers a line of JSON for each."""
    from ganoscope.data.prepare.config import PrepareConfig
    from ganoscope.data.prepare.decode import decode_entry, decode_in_parts, holds_many, make_recipe
    from ganoscope.data.prepare.listing import iterate, spool
    from ganoscope.data.source.entries import SourceImage

    configs = (PrepareConfig(size=32), PrepareConfig(size=32, hu_offset=1024), PrepareConfig(size=32, fit="body"))
    originals = make_originals()
    for line in sys.stdin:
        name, content = mutate(int(line), originals)
        path = folder / name
        path.write_bytes(content)
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
        start, fault = time.process_time(), ""
        listing = spool([SourceImage((path,), name)], folder / "listing.jsonl")
        recipe = make_recipe(configs[int(line) % len(configs)], listing)
        (entry,) = iterate(listing.path)
        results = []
        try:
            results = list(decode_in_parts(entry, recipe)) if holds_many(entry) else [decode_entry(entry, recipe)]
        except BaseException as error:
            fault = f"{type(error).__name__}: {error}"
        reasons = [row.reason for result in results for row in result.rows if row.reason]
        taken = sum(not row.reason for result in results for row in result.rows)
        answer = {"fault": fault, "reasons": reasons, "taken": taken, "seconds": time.process_time() - start}
        print(json.dumps({**answer, "mib": read_peak()}), flush=True)


def read_peak():
    """Returns the largest resident memory of this process in MiB."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def watch(numbers, folder):
    """Yields (number, answer or None after a crash or a hang, how the process ended)."""
    process = None
    for number in numbers:
        if process is None:
            command = [sys.executable, __file__, "--work", str(folder)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], HANG_SECONDS)
        line = process.stdout.readline() if ready else ""
        if line:
            yield number, json.loads(line), ""
            continue
        process.kill()
        yield number, None, "hang" if not ready else f"crash, status {process.wait()}"
        process = None
    if process:
        process.stdin.close()
        process.wait()


def prepare_folders(numbers, folder, together):
    """Runs `ganoscope prepare` over the mutations, some hundred in a folder; yields what failed."""
    originals = make_originals()
    for first in range(0, len(numbers), together):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            source = Path(place) / "source"
            source.mkdir()
            for number in numbers[first : first + together]:
                name, content = mutate(number, originals)
                (source / f"{number:06}-{name}").write_bytes(content)
            command = [
                sys.executable,
                "-m",
                "ganoscope",
                "prepare",
                str(source),
                str(Path(place) / "store"),
                "--size",
                "32",
            ]
            done = subprocess.run([*command, "--layout", "folders"], capture_output=True, text=True)
            if done.returncode not in (0, 2) or "Traceback" in done.stderr:
                yield f"folder from {numbers[first]}: status {done.returncode}, {done.stderr.splitlines()[-1:]}"


def main(count, first, folder, together):
    """Runs all mutations and prints what was found; returns whether nothing was."""
    peaks, seconds, taken, bad, start = Counter(), Counter(), 0, [], time.time()
    numbers = range(first, first + count)
    for number, answer, end in watch(numbers, folder):
        if answer is None:
            bad.append(f"{number}: {end}")
            continue
        taken += answer["taken"] > 0
        peaks[number], seconds[number] = answer["mib"], answer["seconds"]
        bad += [f"{number}: {answer['fault']}"] if answer["fault"] else []
        bad += [f"{number}: {reason}" for reason in answer["reasons"] if "unexpected" in reason]
        if number % 500 == 499:
            print(f"{number + 1 - first} done, {len(bad)} findings, {time.time() - start:.0f} s", flush=True)
    bad += prepare_folders(numbers, folder, together)
    print(f"{count} mutations from {first}: {taken} files read in part or whole, the others put aside with a reason")
    print(f"largest memory of a process: {max(peaks.values())} MiB ({peaks.most_common(1)[0][0]})")
    print(f"longest processor time of a file: {max(seconds.values()):.2f} s ({seconds.most_common(1)[0][0]})")
    print(f"findings (crashes, hangs, tracebacks, unexpected faults): {len(bad)}", *bad, sep="\n")
    return not bad


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--folder", type=int, default=1000, help="mutations in each folder that is prepared as a whole")
    parser.add_argument("--keep", type=Path, help="folder for the last mutations of each name")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work)
        sys.exit()
    with tempfile.TemporaryDirectory() as scratch:
        if given.keep:
            given.keep.mkdir(exist_ok=True, parents=True)
        sys.exit(not main(given.count, given.first, given.keep or Path(scratch), given.folder))
