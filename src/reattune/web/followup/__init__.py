"""What follows from a client's records, worked out and kept: signals and summaries."""
