"""What is looked at once a study is decided: means of all metrics, subgroups, curves, SSIM, heat maps, example images.

Nothing here changes the verdict. Everything is written into the folder `analysis` of the study, where the report finds
it; what took time is kept for the next call.
"""

FOLDER = "analysis"
"""Folder of the analysis, in that of the study."""
