"""What the API reference changes in docstrings before they are rendered.

Formulas become MathML, which browsers draw by themselves: no script and no fonts from elsewhere. `Example:` becomes
`Examples:`, which the parser of Google docstrings shows as code.
"""

import re
from typing import Any

import griffe
from latex2mathml.converter import convert

BLOCK = re.compile(r"^\.\. math::(.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)
NOTE = re.compile(r"^(Source|Differs): (.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
INLINE = re.compile(r":math:`([^`]+)`")


class DocstringExtension(griffe.Extension):
    """Rewrites every docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrites the docstring of one object."""
        if obj.docstring:
            obj.docstring.value = write_notes(write_formulas(obj.docstring.value))


def write_formulas(text: str) -> str:
    """Returns a docstring with its formulas as MathML."""
    text = BLOCK.sub(lambda found: to_mathml(" ".join(found[1].split()), "block"), text)
    return INLINE.sub(lambda found: to_mathml(found[1], "inline"), text)


def write_notes(text: str) -> str:
    """Returns a docstring whose sources are paragraphs and whose examples are code."""
    text = NOTE.sub(lambda found: f"**{found[1]}:** {' '.join(found[2].split())}", text)
    return EXAMPLE.sub("Examples:", text)


def to_mathml(formula: str, display: str) -> str:
    """Returns one formula as MathML."""
    return str(convert(formula, display=display))
