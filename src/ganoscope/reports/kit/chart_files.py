"""Charts of a page: shown in it as SVG, and written beside it as PNG."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganoscope.figures.axes import styled, to_svg
from ganoscope.files import replacing
from ganoscope.reports.kit.pictures import Picture, embed_svg

DPI = 160
WIDE_PX, SQUARE_PX = 1000, 480
"""Width on the page of a wide and of a square chart."""


@styled
def save_chart(path: Path, draw: Callable[..., Any], *arguments: Any) -> str:
    """Draws a chart, writes it as PNG, and returns it as SVG text.

    Args:
        path: File to write.
        draw: Function that returns a figure.
        *arguments: Arguments of that function.
    """
    figure = draw(*arguments)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    with replacing(path) as partial:
        partial.write_bytes(content.getvalue())
    return to_svg(figure)


def show_chart(svg: str, alt: str, width_px: int = SQUARE_PX) -> Picture:
    """Returns a chart as a picture of the page, without a caption.

    Args:
        svg: The chart.
        alt: Text for readers who can't see it.
        width_px: Its width on the page.
    """
    return Picture(embed_svg(svg), alt, "", width_px=width_px)
