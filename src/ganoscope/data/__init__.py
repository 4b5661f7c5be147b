"""From files to a sound store: readers, layouts, patients, duplicates, splits, the store itself, and phantoms."""
