"""Help texts that fit the terminal: descriptions and meanings are wrapped at its width, not where the source breaks."""

import re
import shutil
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docstring_parser
from docstring_parser import Docstring, DocstringStyle

MARGIN = "  "
"""Begins every line of a description: tyro joins lines that begin with a letter, and then does not wrap them."""
ITEM = re.compile(r"\s+[\w-]+: ")
"""Begins an item of a list, such as a method with its meaning."""


def wrap_description(text: str) -> str:
    """Returns a description with its paragraphs and items wrapped to the width of the terminal.

    Args:
        text: Paragraphs, separated by empty lines; an item of a list is one indented line, `name: meaning`.
    """
    columns = shutil.get_terminal_size().columns
    blocks: list[str] = []
    for line in map(str.rstrip, text.strip().splitlines()):
        if blocks and blocks[-1] and line and not any(map(ITEM.match, (line, blocks[-1]))):
            blocks[-1] = f"{blocks[-1]} {line.strip()}"
        else:
            blocks.append(line)
    return "\n".join(wrap_block(block, columns) for block in blocks)


def wrap_block(block: str, columns: int) -> str:
    """Returns a paragraph or an item on as many lines as it takes."""
    first, rest = (MARGIN * 2, MARGIN * 4) if ITEM.match(block) else (MARGIN, MARGIN)
    return textwrap.fill(
        block.strip(),
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


@contextmanager
def joined_meanings() -> Iterator[None]:
    """While it is open, the docstrings of options have no line breaks: tyro would keep those of the source."""
    parse = docstring_parser.parse_from_object

    def parse_joined(obj: Any, style: DocstringStyle = DocstringStyle.AUTO) -> Docstring:
        found = parse(obj, style)
        for one in found.params:
            one.description = " ".join(one.description.split()) if one.description else one.description
        return found

    docstring_parser.parse_from_object = parse_joined
    try:
        yield
    finally:
        docstring_parser.parse_from_object = parse
