"""The site builds without a warning, loads nothing from elsewhere, and shows what the code says."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ganoscope.data import layouts, writers

ROOT = Path(__file__).parents[2]
SITE_PACKAGES = ("mkdocs", "material", "mkdocstrings", "latex2mathml")
MISSING = [name for name in SITE_PACKAGES if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed: pip install '.[docs]'"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    environment = {
        **os.environ,
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),
    }
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_pages_load_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"?(https?:[^\s\">]+)", page.read_text(encoding="utf-8"))
        linked = re.findall(
            r"<link[^>]*rel=\"?stylesheet[^>]*href=\"?(https?:[^\s\">]+)", page.read_text(encoding="utf-8")
        )
        assert loaded + linked == [], page


def test_option_tables_name_command_line_and_python(site):
    text = (site / "verbs" / "prepare.html").read_text(encoding="utf-8")
    assert "<code>--size INT</code>" in text
    assert "<code>patient_pattern</code>" in text
    assert "<!-- options" not in text


def test_tables_of_layouts_and_formats_come_from_their_folders(site):
    prepare, generate = (
        (site / "verbs" / f"{verb}.html").read_text(encoding="utf-8") for verb in ("prepare", "generate")
    )
    assert all(f"<code>{name}</code>" in prepare for name in layouts.available())
    assert "<code>.dicom</code>" in prepare
    assert all(f"<td><code>{name}</code></td>" in generate for name in writers.available())


def test_the_home_page_is_the_readme(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    assert "images/explained.png" in text
    assert "Guarantees" in text


def test_formulas_are_drawn_by_the_browser(site):
    text = (site / "api" / "objectives.html").read_text(encoding="utf-8")
    assert "<math" in text
    assert ".. math::" not in text
