"""Template tags of codings."""
