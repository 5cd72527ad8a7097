"""Template filters of the page about the API."""
