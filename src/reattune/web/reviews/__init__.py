"""Sessions, their words, what was found in them and what people said of it."""
