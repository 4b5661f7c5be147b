"""`ganoscope inspect`: what it writes, what it leaves as it was, and what it refuses."""

import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.cli.inspect import Command
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import load_json
from ganoscope.workflows.inspect import inspect


def test_command_writes_page_and_contact_sheet_and_leaves_the_fingerprint(tmp_path, capsys):
    store = write_store(tmp_path / "store", [{} for _ in range(24)])
    Command(store.path, tmp_path / "out" / "page.html").run()
    assert (tmp_path / "out" / "page.html").stat().st_size > 10_000
    assert (tmp_path / "out" / "contact_sheet.png").exists()
    assert "inspection page:" in capsys.readouterr().out
    Command(store.path).run()
    assert (store.path / "inspect.html").exists()
    Store.open(store.path).verify()


def test_command_refuses_a_destination_that_is_no_page(tmp_path):
    with pytest.raises(UserError, match=r"--out is not an HTML file: got .*sheet\.png"):
        Command(tmp_path, tmp_path / "sheet.png").run()


def test_measurements_and_selections_are_written_beside_the_page(tmp_path):
    store = write_store(tmp_path / "store", [{"label": "a" if n % 2 else "b"} for n in range(24)])
    written = inspect(store.path, tmp_path / "out" / "page.html")
    assert {path.name for path in written.data.iterdir()} == {"galleries.json", "measurements.npz", "shortcuts.json"}
    assert written.data == tmp_path / "out" / "page_data"
    assert load_json(written.data / "galleries.json")["fingerprint"] == store.fingerprint
    before = {path.name: path.read_bytes() for path in written.data.iterdir()}
    again = inspect(store.path, tmp_path / "again" / "page.html")
    assert {path.name: path.read_bytes() for path in again.data.iterdir()} == before
