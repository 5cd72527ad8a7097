"""Who saw or changed what: a chain of entries that only grows."""
