"""`prepare` against a MONAI LoadImage + Resize loop that gives the same pixels, and two cores against one.

Two sources: CT series (copies of a real or a made DICOM series, 512 x 512, reduced to 128 x 128 by area) and a folder
of JPEGs (reduced eightfold by area). Area means at whole factors are what MONAI's Resize(mode="area")
computes, so that both give the same pixels, which is checked. The loop is what a user writes who does not want a store:
it neither hashes, groups, splits nor searches for duplicates; `prepare` does all of that in the same time.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ganoscope.data.phantoms import make_phantom
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.workflows.prepare import prepare


def write_series(folder, series, slices):
    """Writes made CT series as DICOM: 512 x 512, slope 1, intercept -1024."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    for number in range(series):
        target = folder / f"patient{number}" / "series"
        target.mkdir(parents=True)
        phantom = make_phantom("ct", number, 512, seed=0).pixels
        uid = generate_uid()
        for index in range(slices):
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
            meta.MediaStorageSOPInstanceUID = generate_uid()
            data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
            data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
            data.SeriesInstanceUID, data.StudyInstanceUID, data.PatientID = uid, uid, f"patient{number}"
            data.Modality, data.Rows, data.Columns, data.SamplesPerPixel = "CT", 512, 512, 1
            data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
            data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
            data.RescaleIntercept, data.RescaleSlope = -1024, 1
            data.PixelSpacing, data.SliceThickness = [0.7, 0.7], 2
            data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            data.ImagePositionPatient = [0, 0, 2 * index]
            noise = np.random.default_rng([number, index]).integers(-20, 20, phantom.shape)
            data.PixelData = (phantom.clip(-900) + noise + 1024).astype(np.uint16).tobytes()
            pydicom.dcmwrite(target / f"{index:04d}.dcm", data, enforce_file_format=True)


def write_jpegs(folder, number, side):
    """Writes chest-film phantoms, every one another, turned and darkened."""
    rng = np.random.default_rng(0)
    for index in range(number):
        phantom = make_phantom("cxr", index, 256, seed=0)
        (folder / phantom.label).mkdir(parents=True, exist_ok=True)
        turned = Image.fromarray(phantom.pixels).rotate(rng.uniform(-20, 20))
        pixels = np.asarray(turned.resize((side, side), Image.Resampling.BICUBIC)) * rng.uniform(0.7, 1.0)
        name = folder / phantom.label / f"{index:05d}.jpg"
        Image.fromarray(pixels.astype(np.uint8)).save(name, quality=92)


def loop_with_monai(files, size):
    """The named alternative: MONAI's LoadImage and Resize, file by file."""
    from monai.transforms import Compose, EnsureChannelFirst, LoadImage, Resize

    load = Compose([LoadImage(image_only=True), EnsureChannelFirst(), Resize((size, size), mode="area")])
    start = time.perf_counter()
    images = [load(str(path))[0].numpy() for path in files]
    return time.perf_counter() - start, images


def time_prepare(source, size, cores):
    """Runs `prepare` on that many cores of this process's affinity: seconds, of processor time also, and pixels."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(every)[:cores])
    try:
        with tempfile.TemporaryDirectory() as name:
            start, used = time.perf_counter(), measure_processor_seconds()
            store = prepare(source, Path(name) / "store", PrepareConfig(size=size, resampling="area"))
            seconds, used = time.perf_counter() - start, measure_processor_seconds() - used
            return seconds, used, np.array(store.images)
    finally:
        os.sched_setaffinity(0, every)


def measure_processor_seconds():
    """Returns the processor time of this process and of its running workers so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended
        if os.getpid() in (int(path.parent.name), int(fields[1])):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


DECODE = """
import sys, time
from PIL import Image
def decode():
    for name in sys.argv[1:]:
        with Image.open(name) as image:
            image.load()
decode()  # warms up
start = time.perf_counter()
decode()
print(time.perf_counter() - start)
"""


def measure_ceiling(files):
    """Returns how many times the work of one process two get done that only decode JPEGs, at best 2."""
    command = [sys.executable, "-c", DECODE, *map(str, files)]

    def run(processes):
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        return max(float(process.communicate()[0]) for process in running)

    return 2 * run(1) / run(2)


def compare(title, source, files, size, rounds):
    """Prints the ratios of time, in turns, and how far the pixels differ."""
    ours, one, theirs, used, ceilings = [], [], [], [], []
    loop_with_monai(files[:50], size), time_prepare(source, size, 2)  # imports, worker processes
    for _ in range(rounds):
        seconds, alternative = loop_with_monai(files, size)
        theirs.append(seconds)
        seconds, processor_seconds, images = time_prepare(source, size, cores=2)
        ours.append(seconds)
        used.append(processor_seconds)
        one.append(time_prepare(source, size, cores=1)[0])
        if files[0].suffix == ".jpg":
            ceilings.append(measure_ceiling(files[:1000]))
    upright = np.stack([image.T for image in alternative])  # MONAI has columns first
    difference = np.abs(upright - images)[images != PADDING_HU]
    against_loop = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    against_one = statistics.median(b / a for a, b in zip(ours, one, strict=True))
    medians = [statistics.median(seconds) for seconds in (theirs, one, ours)]
    print(f"{title}: {len(files):,} files, {rounds} rounds, medians")
    print("  MONAI loop {:.2f} s, prepare on one core {:.2f} s, on two {:.2f} s".format(*medians))
    print(f"  processor time on two cores: {1000 * statistics.median(used) / len(files):.2f} ms per file")
    print(f"  two cores against MONAI: {against_loop:.2f} times faster; against one core: {against_one:.2f}")
    if ceilings:
        share = statistics.median(b / a / top for a, b, top in zip(ours, one, ceilings, strict=True))
        print(
            f"  two processes that only decode get {statistics.median(ceilings):.2f} times as much done as one "
            f"({min(ceilings):.2f} to {max(ceilings):.2f}); prepare reaches {share:.0%} of that"
        )
    print(f"  largest difference of a pixel: {difference.max():.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--slices", type=int, default=40)
    parser.add_argument("--jpegs", type=int, default=1500)
    parser.add_argument("--side", type=int, default=1024, help="of the JPEGs, in pixels")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        dicom, jpeg = Path(name) / "dicom", Path(name) / "jpeg"
        write_series(dicom, arguments.series, arguments.slices)
        compare("DICOM series", dicom, sorted(dicom.rglob("*.dcm")), 128, arguments.rounds)
        write_jpegs(jpeg, arguments.jpegs, arguments.side)
        title = f"JPEG folder, {arguments.side} x {arguments.side}"
        compare(title, jpeg, sorted(jpeg.rglob("*.jpg")), arguments.side // 8, arguments.rounds)


if __name__ == "__main__":
    main()
