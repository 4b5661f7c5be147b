"""Tables in a source that say what its images are.

`text_table` reads any table in a text file, `table_files` finds those that list images, `column_names` and
`person_columns` find the columns by `usual_names`, `column_contents` says what a column holds, `label_rules` gives the
classes, `table_rows` parses a row, `name_matching` finds its file, `gathered_rows` puts all rows of an image together.
`split_lists` reads lists of names per split; `unread_tables` and `missing_columns` say what is not read.
"""
