"""Reads the tensors of a weights file. No file can run code here: what holds anything but tensors is refused."""

import re
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ganoscope.errors import UserError, describe

TORCH_SUFFIXES = (".pth", ".pt")
ALLOWED = "a state dict (tensors by name), .safetensors, .pth or .pt"


def load_tensors(path: Path, source: str) -> dict[str, Tensor]:
    """Returns the tensors by name of a state dict.

    Args:
        path: The file.
        source: Name of the source, for the remedy in messages.

    Raises:
        UserError: The file has another ending, is damaged, or holds something else.
    """
    if path.suffix == ".safetensors":
        return load_safetensors(path)
    if path.suffix in TORCH_SUFFIXES:
        return load_torch(path, source)
    remedy = "Take the file as it was published, with its own ending."
    raise UserError(describe("weights file has an unknown ending", path, ".safetensors, .pth or .pt", remedy))


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """Returns the tensors of a .safetensors file; raises UserError where it is damaged."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise UserError(describe_damaged(path, str(error))) from None


def load_torch(path: Path, source: str) -> dict[str, Tensor]:
    """Returns the tensors of a file that `torch.save` wrote; raises UserError where it is damaged or holds code.

    PyTorch's restricted unpickler reads it, which knows tensors and plain containers alone and calls nothing else.
    Bytes that are no such file make it raise errors of almost any kind.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if (isinstance(error, UnpicklingError) and "GLOBAL" in str(error)) or "TorchScript" in str(error):
            raise UserError(describe_code(path, source, str(error))) from None
        raise UserError(describe_damaged(path, describe_error(error))) from None
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UserError(describe("not a state dict", describe_content(path, content), ALLOWED, convert(source)))
    return content


def describe_code(path: Path, source: str, error: str) -> str:
    """Returns the message for a file with Python objects in it, torchxrayvision's among them."""
    named = re.search(r"GLOBAL (\S+)", error)
    given = f"{path}, which asks for {named[1] if named else 'TorchScript'}"
    fault = "weights file holds more than tensors, and reading that could run code"
    return describe(fault, given, ALLOWED, convert(source))


def convert(source: str) -> str:
    """Returns two lines of Python that make the right file where the publisher's package is installed."""
    package, _, name = source.partition("-")
    lines = ["from safetensors.torch import save_file"]
    if package == "xrv":
        lines[0] = f"import torchxrayvision; {lines[0]}"
        model = f'torchxrayvision.models.DenseNet(weights="densenet121-res224-{name}")'
        lines.append(f'save_file({model}.state_dict(), "{source}.safetensors")')
    else:
        lines.append(
            f'save_file(model.state_dict(), "{source}.safetensors")  # `model` as its publisher\'s package loads it'
        )
    return "Where you trust the file, save its tensors alone with the package that it is from:\n  " + "\n  ".join(lines)


def describe_damaged(path: Path, reason: str) -> str:
    """Returns the message for a file that can't be read."""
    given = f"{path} ({path.stat().st_size:,} bytes; {reason})"
    remedy = "Copy or download it again, and compare its size or checksum with the publisher's."
    return describe("weights file is damaged, cut short or no weights file", given, ALLOWED, remedy)


def describe_error(error: Exception) -> str:
    """Returns the first sentence of PyTorch's error, without its advice to read the file unsafely."""
    text = str(error).splitlines()[0].split(". ")[0] if isinstance(error, RuntimeError) else ""
    return text or "not in the format of torch.save"


def describe_content(path: Path, content: object) -> str:
    """Returns what a file holds that is no state dict."""
    if not isinstance(content, dict):
        return f"{path}, which holds a {type(content).__name__}"
    others = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    return f"{path}, which holds other things: {', '.join(others[:4])}{', ...' if len(others) > 4 else ''}"
