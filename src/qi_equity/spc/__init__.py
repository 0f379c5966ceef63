"""Statistical process control: arrays in, arrays out, time last; no labels, no pandas."""
