"""Tables in a source that say what its images are.

`text_table` reads any table in a text file, `table_files` finds those that list images, `column_names` and
`person_columns` find the columns, `label_rules` the classes, `table_rows` parses a row, `name_matching` finds its file.
`split_lists` reads lists of names per split, and `unread_tables` says what tables are not read, and why.
"""
