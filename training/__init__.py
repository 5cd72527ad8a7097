"""How the shipped weights are made: `make train`, `make evaluate`."""
