"""Clients, their consents and their appointments."""
