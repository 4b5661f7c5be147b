"""Reads the tensors of a weights file. No file can run code here: anything but tensors is refused."""

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
    """Returns the tensors of a state dict by name, with any shapes.

    Args:
        path: The file.
        source: Name of the source, for the remedy in messages.

    Raises:
        UserError: The file has another suffix, is damaged, or holds something else.
    """
    if path.suffix == ".safetensors":
        return load_safetensors(path)
    if path.suffix in TORCH_SUFFIXES:
        return load_torch(path, source)
    remedy = "Use the file as published, with its own suffix."
    raise UserError(describe("weights file has an unknown suffix", path, ".safetensors, .pth or .pt", remedy))


def load_safetensors(path: Path) -> dict[str, Tensor]:
    """Returns the tensors of a .safetensors file by name, with any shapes.

    Raises:
        UserError: It is damaged.
    """
    try:
        return load_file(path)
    except SafetensorError as error:
        raise UserError(describe_damaged(path, str(error))) from None


def load_torch(path: Path, source: str) -> dict[str, Tensor]:
    """Returns the tensors of a file written by `torch.save`, by name, with any shapes.

    PyTorch's restricted unpickler supports only tensors and plain containers, and calls nothing else. On other files it
    raises errors of almost any kind.

    Raises:
        UserError: The file is damaged or holds code.
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
    """Returns the message for a file with Python objects in it, such as torchxrayvision's.

    Args:
        path: The file.
        source: Name of the source.
        error: PyTorch's message.
    """
    named = re.search(r"GLOBAL (\S+)", error)
    given = f"{path}, which asks for {named[1] if named else 'TorchScript'}"
    fault = "weights file contains more than tensors, and reading it could run code"
    return describe(fault, given, ALLOWED, convert(source))


def convert(source: str) -> str:
    """Returns two lines of Python that convert the file with the publisher's package."""
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
    return "If you trust the file, save only its tensors, with its publisher's package:\n  " + "\n  ".join(lines)


def describe_damaged(path: Path, reason: str) -> str:
    """Returns the message for a file that can't be read."""
    given = f"{path} ({path.stat().st_size:,} bytes; {reason})"
    remedy = "Copy or download it again, and compare its size or checksum with the publisher's."
    return describe("weights file is damaged, truncated or not a weights file", given, ALLOWED, remedy)


def describe_error(error: Exception) -> str:
    """Returns the first sentence of PyTorch's error, without its advice to read the file unsafely."""
    text = str(error).splitlines()[0].split(". ")[0] if isinstance(error, RuntimeError) else ""
    return text or "not in the format of torch.save"


def describe_content(path: Path, content: object) -> str:
    """Returns the content of a file that is not a state dict, in words."""
    if not isinstance(content, dict):
        return f"{path}, which contains a {type(content).__name__}"
    others = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    return f"{path}, which contains other things: {', '.join(others[:4])}{', ...' if len(others) > 4 else ''}"
