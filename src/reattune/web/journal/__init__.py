"""The therapist's private journal, under a key of their own."""
