"""A source folder before its files are read: which files it holds, and what their names and folders say.

`walk` finds the files, `understood` says what their names and folders mean, `class_folders` refuses folders that
can't be classes, `sorted_series` gives series the classes of their folders, `image_sequences` tells sequences of
magnetic resonance imaging apart by name. `entries` holds the type that layouts return.
"""
