"""What the folders above a file mean: split, class, patient, study, series, or nothing.

`words` holds the vocabulary, `looks` says what one name looks like, `survey` gathers the names of a source, `roles`
weighs them against each other, `interpretation` applies the result to each file, `stated` does the same for `--levels`,
and `mask_names` tells masks from pictures. Only names are examined; no file is opened.

"""
