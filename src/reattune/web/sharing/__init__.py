"""Moments that a therapist shares with a supervisor for a time."""
