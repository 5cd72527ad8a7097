"""Ruptures as records: the plan, the next-session sheet, endings, missteps."""
