"""Help texts are wrapped at the terminal's width, not where the source breaks its lines."""

from dataclasses import dataclass

import docstring_parser

from ganoscope.cli._help import joined_meanings, wrap_description


def test_paragraphs_and_items_are_wrapped_at_the_terminals_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "24")
    text = "Reads one folder\n    of many images.\n    \n    Layouts:\n  flat: all in one folder\n  deep: below others"
    assert wrap_description(text).splitlines() == [
        "  Reads one folder of",
        "  many images.",
        "",
        "  Layouts:",
        "    flat: all in one",
        "        folder",
        "    deep: below others",
    ]


def test_the_line_breaks_of_an_options_docstring_are_left_out_only_while_help_is_made():
    @dataclass
    class Options:
        """Options."""

        parts: int = 1
        """Number of parts; every phase draws
        its own noise."""

    before = docstring_parser.parse_from_object
    with joined_meanings():
        (one,) = docstring_parser.parse_from_object(Options).params
        assert one.description == "Number of parts; every phase draws its own noise."
    assert docstring_parser.parse_from_object is before
