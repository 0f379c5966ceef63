"""Made-up networks with a known truth: what the demo shows and what tests look for."""
