"""Django's SQLite backend over `sqlcipher3`: the same SQL, an unreadable file.

The key is a raw 256-bit key from the vault, asked for at each connection, so that it is nowhere in
the settings. See https://www.zetetic.net/sqlcipher/sqlcipher-api/ for the pragmas.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3._functions import register as register_functions
from django.utils import dateparse
from django.utils.asyncio import async_unsafe
from sqlcipher3 import dbapi2 as Database

from reattune.web import vault

Convert = Callable[[bytes], Any]
CONVERTERS: dict[str, Convert] = {
    "bool": b"1".__eq__,
    "date": lambda raw: dateparse.parse_date(raw.decode()),
    "time": lambda raw: dateparse.parse_time(raw.decode()),
    "datetime": lambda raw: dateparse.parse_datetime(raw.decode()),
    "timestamp": lambda raw: dateparse.parse_datetime(raw.decode()),
}
for _name, _convert in CONVERTERS.items():
    Database.register_converter(_name, _convert)
Database.register_adapter(decimal.Decimal, str)
Database.register_adapter(datetime.date, datetime.date.isoformat)
Database.register_adapter(datetime.datetime, lambda moment: moment.isoformat(" "))


class Cursor(Database.Cursor):  # type: ignore[misc]
    """Turns Django's `%s` and `%(name)s` into SQLite's `?` and `:name`."""

    def execute(self, query: str, params: Any = None) -> Any:
        """Run one statement."""
        if params is None:
            return super().execute(query)
        names = list(params) if isinstance(params, Mapping) else None
        return super().execute(self._convert(query, names), params)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """Run one statement for each row of parameters."""
        rows = list(param_list)
        names = list(rows[0]) if rows and isinstance(rows[0], Mapping) else None
        return super().executemany(self._convert(query, names), rows)

    def _convert(self, query: str, names: list[str] | None) -> str:
        return base.SQLiteCursorWrapper.convert_query(self, query, param_names=names)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the encrypted file."""

    display_name = "SQLCipher"
    Database = Database
    init_commands: list[str]

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """An open connection, the key given first. DatabaseError if the key does not fit."""
        conn = Database.connect(**conn_params)
        conn.execute("PRAGMA cipher_log_level = NONE")
        conn.execute(f"PRAGMA key = \"x'{vault.derive('database').hex()}'\"")
        register_functions(conn)
        conn.execute("PRAGMA foreign_keys = ON")
        conn.execute("PRAGMA legacy_alter_table = OFF")
        for statement in self.init_commands:
            if statement := statement.strip():
                conn.execute(statement)
        return conn

    def create_cursor(self, name: str | None = None) -> Any:  # noqa: ARG002
        """A cursor that understands Django's placeholders."""
        return self.connection.cursor(factory=Cursor)
