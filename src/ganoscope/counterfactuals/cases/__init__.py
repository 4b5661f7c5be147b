"""Cases: the images to translate, from a store or from files, each as it was given and as the networks see it."""
