"""Columns of hospitals' own tables: usual names in several languages, with any punctuation, case and accents."""

from pathlib import Path

import pytest

from ganoscope.data.picture import TableOptions
from ganoscope.data.tables.column_contents import find_classes
from ganoscope.data.tables.column_names import choose_columns, lists_images
from ganoscope.data.tables.text_table import open_table

HEADERS = {
    "German": ("Dateiname", "Befund", "Patienten-Nr."),
    "German, short": ("Pfad", "Diagnose", "Pat.-ID"),
    "German, one word": ("BILD", "Klasse", "PatientNr"),
    "French": ("Chemin", "Catégorie", "Numéro patient"),
    "Spanish": ("Nombre de archivo", "Diagnóstico", "ID paciente"),
    "Italian": ("Percorso", "Diagnosi", "ID Paziente"),
    "Portuguese": ("Arquivo", "Achado", "Paciente"),
    "English, punctuated": ("File-Name", "Diagnosis:", "Patient (ID)"),
}


@pytest.mark.parametrize("language", HEADERS)
def test_usual_names_of_columns_are_known(tmp_path: Path, language: str) -> None:
    path, label, patient = HEADERS[language]
    table = tmp_path / "table.csv"
    rows = "".join(f"{number}.png;{'ab'[number % 2]};P{number // 2}\n" for number in range(6))
    table.write_text(f"{path};{label};{patient}\n{rows}", encoding="utf-8")
    opened = open_table(table)
    assert lists_images(opened, TableOptions())
    columns = choose_columns(opened, TableOptions())
    assert columns.rule.names == (label,)
    assert columns.keys["path"] == opened.keys[0]
    assert columns.keys["patient"] == opened.keys[2]


def test_columns_about_the_person_are_no_classes(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = "".join(f"{number}.png;{'mw'[number % 2]};{30 + number % 2};{'xy'[number % 2]}\n" for number in range(6))
    table.write_text(f"Bilder-Nr.;Geschlecht;Alter;Gruppe\n{rows}")
    assert list(find_classes(open_table(table))) == ["Gruppe"]
