"""The lexicons and rules behind `reattune.redact`, which is the door to them.

The lists of names, places, organizations and short forms were written for Reattune from general
knowledge; words.txt and slots.txt are made by training/fit_redaction.py. docs/redaction.md says
what they hold and how often they err.
"""
