"""Parts of the question about membership: the two sets of real images, banks of shadow models, and the verdict."""
