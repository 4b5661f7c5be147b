"""The synthetic mark that every written picture bears."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

MARK = "SYNTHETIC image made by ganoscope; not a patient. For research use only."


HU_OFFSET = 1024
"""PNG holds no negative values: HU is written as HU + 1024."""


def save_marked(path: Path, picture: NDArray[np.generic], notes: Mapping[str, object], mark: str = MARK) -> None:
    """Writes a grey picture as PNG, with a synthetic mark and notes as PNG text."""
    text = PngInfo()
    text.add_text("Description", mark)
    for name, value in notes.items():
        text.add_itxt(f"ganoscope:{name}", str(value))
    Image.fromarray(picture).save(path, format="PNG", pnginfo=text)
