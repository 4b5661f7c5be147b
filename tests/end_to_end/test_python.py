"""The first thirty lines that a newcomer writes in Python, as a script of its own in a folder of its own."""

import subprocess
import sys

SCRIPT = """
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import ganoscope

store = ganoscope.prepare("films", "store", ganoscope.PrepareConfig(size=32))
print(store.count, "images of", store.size, "pixels:", set(store.column("label").tolist()))

print(sorted(ganoscope.list_methods()))
small = ganoscope.configure("dcgan", latent_dim=8, generator_channels=4, discriminator_channels=4)
record = ganoscope.train(
    "dcgan", "store", "run", ganoscope.TrainConfig(images=128, batch_size=16), method_config=small
)
print(record.method, record.train.images)

run = ganoscope.open_run("run")
images = ganoscope.sample(run, number=4, seed=1)
print(images.shape, images.dtype, images.min(), images.max())

explained = ganoscope.explain("run", "store", "explained", ganoscope.ExplainConfig(number=4))
print(explained.summary)

figure, axes = plt.subplots(1, 4)
for axis, image in zip(axes, images):
    axis.imshow(image, cmap="gray")
figure.savefig("images.png")
print(ganoscope.report("run"))
"""


def test_the_first_thirty_lines_run(make_source, smooth, tmp_path):
    make_source(
        {f"{name}/{number}.png": smooth(100 * k + number) for k, name in enumerate("ab") for number in range(40)},
        folder="films",
    )
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "(4, 32, 32) uint8" in done.stdout
    assert (tmp_path / "images.png").stat().st_size > 1000
    assert (tmp_path / "run" / "report.html").exists()
