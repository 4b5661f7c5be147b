"""A summary's lines by kind."""

from ganoscope.reports.kit.content import Block
from ganoscope.reports.kit.text_blocks import read_blocks


def test_headings_items_and_sentences_are_told_apart(tmp_path):
    (tmp_path / "s.txt").write_text("One.\nTwo.\n\nLimits:\n- a - b\n- c:\n", encoding="utf-8")
    assert read_blocks(tmp_path / "s.txt") == (
        Block("sentence", ("One.", "Two.")),
        Block("heading", ("Limits",)),
        Block("item", ("a - b", "c")),
    )


def test_no_file_is_no_text(tmp_path):
    assert read_blocks(tmp_path / "gone.txt") == ()
