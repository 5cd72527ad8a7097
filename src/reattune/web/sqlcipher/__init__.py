"""A database backend for Django: SQLite in one file encrypted by SQLCipher."""
