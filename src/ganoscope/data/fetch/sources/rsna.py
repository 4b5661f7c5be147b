"""RSNA Pneumonia Detection Challenge: 26,684 labelled chest X-rays with boxes, DICOM."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="RSNA Pneumonia Detection Challenge (2018): chest X-rays as DICOM, boxes of lung opacities; about 4 GB",
    client="kaggle competition",
    key="rsna-pneumonia-detection-challenge",
    page="https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data",
    file="rsna-pneumonia-detection-challenge.zip",
    licence="the competition's rules, which must be accepted on its page first",
    citation="Shih et al., Augmenting the National Institutes of Health Chest Radiograph Dataset with Expert "
    "Annotations of Possible Pneumonia, Radiology: Artificial Intelligence 1(1), 2019, "
    "https://doi.org/10.1148/ryai.2019180041; Wang et al., ChestX-ray8, CVPR 2017, "
    "https://doi.org/10.1109/CVPR.2017.369",
    warning="the test images have no labels",
)
