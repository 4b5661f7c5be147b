"""The chapters of the inspection page, one per file: each holds its sentences, tables, charts and galleries."""
