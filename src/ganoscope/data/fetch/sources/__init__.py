"""One public data set per file. The folder is the registry."""
