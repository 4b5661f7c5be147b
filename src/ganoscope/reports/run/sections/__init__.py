"""The chapters of a run's report, one file each: `make_chapter(sources)` reads artefacts and returns a `Chapter`.

To add one: add a file here with that function, and a line to `CHAPTERS` in `reports/run/page.py`.
"""
