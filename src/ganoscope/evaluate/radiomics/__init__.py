"""Intensity and texture features as the Image Biomarker Standardisation Initiative (IBSI) defines them.

Two-dimensional, directions merged: the matrices of all four directions of an image are added up before features are
computed. All functions work on many images at once. Levels are whole numbers from 1; level 0 is outside of the region.

Source: Zwanenburg et al. 2016, "Image biomarker standardisation initiative", https://arxiv.org/abs/1612.07003; the
    tests compare with the reference values of its digital phantom.
"""
