"""What a network looks at, and how far the answer can be trusted.

A heat map alone is no evidence: it looks convincing on a random network too. So every map here comes with its checks:
does it change when the weights are destroyed (`randomisation`), do the pixels it marks move the score more than pixels
marked at random (`deletion`), and what holds over a whole set of images rather than two (`regions`, with intervals).
`discriminator` asks all of it of a GAN's frozen discriminator; each explainer is a file in `feature_attribution`.
"""
