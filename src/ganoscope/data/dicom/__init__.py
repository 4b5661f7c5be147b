"""DICOM in parts: data set, attributes, frames, and what their values mean; `readers/dicom.py` joins them."""
