"""What a network looks at, and how far its heat maps can be trusted.

A heat map alone is not evidence: it looks plausible on a random network too. So every map comes with its checks: does
it change when the weights are randomised (`checks.randomisation`), do the pixels it marks move the score more than
pixels marked at random (`checks.deletion`), and what holds over a whole set of images (`regions`, with intervals).
`evidence` collects all of it for a GAN's frozen discriminator; each explainer is a file in `feature_attribution`.
"""
