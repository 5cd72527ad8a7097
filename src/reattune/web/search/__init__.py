"""Full text search in the words of own sessions and in own notes, inside the database."""
