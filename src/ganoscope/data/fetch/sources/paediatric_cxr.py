"""Paediatric chest X-rays (Kermany et al. 2018): normal, bacterial and viral pneumonia, 5,856 images."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="Chest X-Ray Images (Pneumonia): children of one to five years, JPEG; about 1.2 GB",
    client="kaggle dataset",
    key="paultimothymooney/chest-xray-pneumonia",
    page="https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia",
    file="archive.zip",
    licence="CC BY 4.0",
    citation="Kermany, Zhang, Goldbaum et al., Identifying Medical Diagnoses and Treatable Diseases by Image-Based "
    "Deep Learning, Cell 172, 2018, https://doi.org/10.1016/j.cell.2018.02.010; data: https://doi.org/10.17632/rscbjbr9sj",
    warning="its validation split has 16 images; sizes and aspect ratios differ between the classes",
)
