"""Decodes frames with gdcm in a separate process: on damaged streams its C++ code aborts the process."""

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, Timer
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGExtended12Bit

from ganoscope.data.file_limits import get_address_space, lift_memory_limit, limiting_memory
from ganoscope.data.picture import UnreadableError
from ganoscope.parallel.worker import end_with_parent

CORRUPT_FRAME = "damaged: a frame can't be decoded"
LONGEST_SECONDS = 20
"""Processor time per frame: damaged streams can also make a decoder run forever."""
PATIENCE_SECONDS = 120.0
"""Time per frame by the clock, in which a busy machine gets through that processor time."""
WORKING_COPIES, WORKING_BYTES = 16, 256 << 20
"""Memory that a decoder may take: copies of the decoded frame, and a fixed part."""

LOCK = Lock()


def decode_isolated(frame: bytes, options: dict[str, Any]) -> NDArray[Any]:
    """Returns a decoded frame, shape (H, W) or (H, W, 3) as RGB.

    Args:
        frame: Compressed frame.
        options: Options of the pydicom decoders, and `syntax`, the transfer syntax; JSON-serialisable.

    Raises:
        UnreadableError: The stream is damaged; the decoder process may have crashed.
    """
    with LOCK:
        process = start_decoder(os.getpid())
        if process.poll() is not None:  # ended from outside, not because of this frame
            stop(process)
            process = start_decoder(os.getpid())
        timer = Timer(PATIENCE_SECONDS, process.kill)
        timer.start()
        try:
            answer, content = ask(process, frame, options)
        except (OSError, ValueError):  # the decoder crashed
            answer, content = {}, b""
        finally:
            timer.cancel()
        if process.poll() is not None or "alive" not in answer:
            stop(process)
    if not content:
        raise UnreadableError(CORRUPT_FRAME)
    return np.frombuffer(content, answer["dtype"]).reshape(answer["shape"])


@cache
def start_decoder(owner: int) -> "subprocess.Popen[bytes]":
    """Returns the decoder process of the process `owner`; it exits when its input is closed."""
    path = os.pathsep.join(filter(None, sys.path))  # without the working directory: it may be a folder of data
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ganoscope.data.dicom.isolated"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
    )
    atexit.register(lambda: stop(process) if os.getpid() == owner else None)
    return process


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends a decoder process that failed; the next frame gets a new one."""
    start_decoder.cache_clear()
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe:
                pipe.close()
        except OSError:  # unwritten data has no reader
            pass


def ask(process: "subprocess.Popen[bytes]", frame: bytes, options: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Sends one frame and returns the answer and the bytes of the pixels, which are empty on failure.

    Args:
        process: Decoder process.
        frame: Compressed frame.
        options: Decoding options.

    Raises:
        OSError: The process has ended.
    """
    if process.stdin is None or process.stdout is None:
        raise OSError("the decoder's process has no pipes")
    write_message(process.stdin, options, frame)
    return read_message(process.stdout)


def write_message(pipe: IO[bytes], header: dict[str, Any], content: bytes) -> None:
    """Writes one line of JSON, followed by the announced bytes.

    Args:
        pipe: Pipe to write to.
        header: Content of the JSON line.
        content: Bytes that follow.
    """
    pipe.write(json.dumps({**header, "length": len(content)}).encode() + b"\n")
    pipe.write(content)
    pipe.flush()


def read_message(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Returns one message; empty if the pipe is closed."""
    line = pipe.readline()
    header: dict[str, Any] = json.loads(line) if line else {}
    return header, pipe.read(header["length"]) if header else b""


def serve() -> None:
    """Decodes frames until the input is closed; standard output of the C++ code is discarded."""
    end_with_parent()
    lift_memory_limit()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        options, frame = read_message(sys.stdin.buffer)
        if not options:
            return
        del options["length"]
        try:
            with limiting_memory(get_address_space() + count_working_bytes(options)), ending_after(LONGEST_SECONDS):
                pixels = decode(frame, options.pop("syntax"), options)
            answer = {"alive": True, "shape": pixels.shape, "dtype": pixels.dtype.str}
            write_message(answers, answer, np.ascontiguousarray(pixels).tobytes())
        except Exception:  # on damaged streams gdcm raises anything, if it does not crash
            write_message(answers, {"alive": True}, b"")


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """Ends this process if what is done inside takes more processor time, even in the middle of C++ code."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends a process that does not handle it
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0)


def count_working_bytes(options: dict[str, Any]) -> int:
    """Returns the bytes of memory that decoding a frame may take, from its size as the header states it."""
    values = options["rows"] * options["columns"] * options["samples_per_pixel"]
    return WORKING_BYTES + WORKING_COPIES * int(values) * int(options["bits_allocated"]) // 8


def decode(frame: bytes, syntax: str, options: dict[str, Any]) -> NDArray[Any]:
    """Returns the frame decoded by gdcm, shape (H, W) or (H, W, 3).

    Args:
        frame: Compressed frame.
        syntax: Transfer syntax.
        options: Options of the pydicom decoders.
    """
    if syntax == JPEGExtended12Bit:
        return decode_twelve_bits(frame, options)
    source = encapsulate([frame])
    pixels, _ = next(get_decoder(syntax).iter_array(source, indices=[0], decoding_plugin="gdcm", **options))
    return pixels


def decode_twelve_bits(frame: bytes, options: dict[str, Any]) -> NDArray[Any]:
    """Returns a grey 12-bit JPEG frame, shape (H, W), which the plug-ins of pydicom do not decode."""
    import gdcm  # type: ignore[import-untyped, import-not-found, unused-ignore]

    rows, columns, bits, signed = (options[k] for k in ("rows", "columns", "bits_stored", "pixel_representation"))
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(frame)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, bits, bits - 1, signed))
    content = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(content, np.int16 if signed else np.uint16).reshape(rows, columns)


if __name__ == "__main__":
    serve()
