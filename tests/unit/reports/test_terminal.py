"""What commands print of a store and its alarms."""

from tests.fixtures.made_up_stores import write_store

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.reports.terminal import say, show_store


def test_a_store_is_printed_with_counts_reasons_and_alarms(tmp_path, capsys):
    rows = [{"label": "[red]a" if n % 2 else "b"} for n in range(24)]
    store = write_store(tmp_path / "store", rows, quarantine=[("file-1", "no pixels")])
    save_alarms(store.path / "alarms.json", [Alarm("x", "note", "later."), Alarm("y", "danger", "first.")])
    show_store(store, "somewhere")
    told = capsys.readouterr().out
    assert "made up: 24 images of 16 x 16 px, grey, somewhere" in told
    assert "[red]a" in told
    assert "not taken: 1 x no pixels" in told
    assert told.index("danger: first.") < told.index("note: later.")


def test_markup_is_not_interpreted_and_no_alarms_are_told(tmp_path, capsys):
    say("[bold]plain[/bold]")
    show_store(write_store(tmp_path / "store", [{} for _ in range(6)]))
    told = capsys.readouterr().out
    assert "[bold]plain[/bold]" in told
    assert "no alarms" in told
