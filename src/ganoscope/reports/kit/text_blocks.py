"""Plain text with headings and lists, as `summary.txt` holds it, by blocks of one kind."""

from itertools import groupby
from pathlib import Path

from ganoscope.files import read_text
from ganoscope.reports.kit.content import Block


def read_blocks(path: Path) -> tuple[Block, ...]:
    """Returns a text file by blocks of one kind; nothing where there is no file."""
    if not path.exists():
        return ()
    lines = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    blocks = groupby(lines, name_kind)
    return tuple(Block(kind, tuple(line.removeprefix("- ").rstrip(":") for line in same)) for kind, same in blocks)


def name_kind(line: str) -> str:
    """Returns the kind of a line.

    Example:
        >>> [name_kind(line) for line in ("Evidence for 'real':", "- small set", "It holds.")]
        ['heading', 'item', 'sentence']
    """
    if line.startswith("- "):
        return "item"
    return "heading" if line.endswith(":") else "sentence"
