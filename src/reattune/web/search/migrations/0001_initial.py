"""The index: FTS5 tables kept by triggers on SQLite, GIN indexes on PostgreSQL.

On SQLite `secure-delete` makes a deleted row leave the index at once.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

TABLES = ("reviews_turn", "reviews_note")

SQLITE = """
CREATE VIRTUAL TABLE {table}_search USING fts5(
    text, content='{table}', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
INSERT INTO {table}_search({table}_search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN
    INSERT INTO {table}_search(rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN
    INSERT INTO {table}_search({table}_search, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER {table}_search_update AFTER UPDATE OF text ON {table} BEGIN
    INSERT INTO {table}_search({table}_search, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO {table}_search(rowid, text) VALUES (new.id, new.text);
END;
INSERT INTO {table}_search({table}_search) VALUES ('rebuild');
"""
SQLITE_BACK = """
DROP TRIGGER {table}_search_insert;
DROP TRIGGER {table}_search_delete;
DROP TRIGGER {table}_search_update;
DROP TABLE {table}_search;
"""
POSTGRESQL = "CREATE INDEX {table}_search ON {table} USING gin (to_tsvector('reattune', text));"
POSTGRESQL_BACK = "DROP INDEX {table}_search;"

# English word forms like the porter tokenizer's, and no stop words: "I don't know" can be found.
CONFIGURATION = """
CREATE TEXT SEARCH DICTIONARY reattune_stem (TEMPLATE = snowball, Language = english);
CREATE TEXT SEARCH CONFIGURATION reattune (COPY = english);
ALTER TEXT SEARCH CONFIGURATION reattune
    ALTER MAPPING REPLACE english_stem WITH reattune_stem;
"""
CONFIGURATION_BACK = """
DROP TEXT SEARCH CONFIGURATION reattune;
DROP TEXT SEARCH DICTIONARY reattune_stem;
"""


def statements(text: str) -> Iterator[str]:
    """The statements of a script; those inside BEGIN ... END stay together."""
    held: list[str] = []
    for line in text.strip().splitlines():
        held.append(line)
        inside = held[0].startswith("CREATE TRIGGER")
        if line.endswith("END;") if inside else line.endswith(";"):
            yield "\n".join(held)
            held = []


def run(schema_editor: Any, sqlite: str, postgresql: str) -> None:
    """The script of this database, for each table."""
    text = postgresql if schema_editor.connection.vendor == "postgresql" else sqlite
    for table in TABLES:
        for statement in statements(text.format(table=table)):
            schema_editor.execute(statement, params=None)


def make(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Make the index."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CONFIGURATION, params=None)
    run(schema_editor, SQLITE, POSTGRESQL)


def drop(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Drop the index."""
    run(schema_editor, SQLITE_BACK, POSTGRESQL_BACK)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CONFIGURATION_BACK, params=None)


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]
    operations = [migrations.RunPython(make, drop, elidable=False)]
