"""What is printed beside a verdict and decides nothing: posterior, false outperformance, effect size."""
