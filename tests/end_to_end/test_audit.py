"""`ganoscope audit` through the command line."""
