"""Statistics of the gap between strata: arrays in, arrays out; no labels, no pandas."""
