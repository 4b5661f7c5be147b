"""Pages from artefacts: each one self-contained HTML file, alarms first. Nothing is measured here."""
