"""The chapters of the page about a classifier, one per file: each holds its sentences, tables and charts."""
