"""Who may come in: practices, users, second factors, tokens."""
