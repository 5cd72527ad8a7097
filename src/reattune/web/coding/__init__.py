"""Blind coding: finding the moments oneself first, a second coder, how far two agree."""
