"""What a client must not forget, in one SQLite file.

A cursor is always written in the same transaction as the events that moved it, and an outbox entry before its first attempt.
"""

import json
import sqlite3
from contextlib import contextmanager


class Store:
    """The file of one device. `Store()` keeps it in memory, for tests."""

    def __init__(self, path=":memory:"):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript("""
            CREATE TABLE IF NOT EXISTS session (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT);
            CREATE TABLE IF NOT EXISTS chats (chat TEXT PRIMARY KEY, cursor INTEGER, read INTEGER);
            CREATE TABLE IF NOT EXISTS events (chat TEXT, seq INTEGER, value TEXT, PRIMARY KEY (chat, seq));
            CREATE TABLE IF NOT EXISTS outbox (place INTEGER PRIMARY KEY, value TEXT);
        """)

    @contextmanager
    def transaction(self):
        """Everything in the `with` block is kept, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    def session(self):
        row = self.db.execute("SELECT value FROM session").fetchone()
        return json.loads(row[0]) if row else None

    def keep_session(self, session):
        self.db.execute("INSERT OR REPLACE INTO session VALUES (1, ?)", [json.dumps(session)])

    def forget_everything(self):
        """For another user, or after a logout."""
        for table in ("session", "chats", "events", "outbox"):
            self.db.execute(f"DELETE FROM {table}")

    def chats(self):
        return {chat: (cursor, read) for chat, cursor, read in self.db.execute("SELECT chat, cursor, read FROM chats")}

    def keep_chat(self, chat, cursor, read):
        self.db.execute("INSERT OR REPLACE INTO chats VALUES (?, ?, ?)", [chat, cursor, read])

    def forget_chat(self, chat):
        self.db.execute("DELETE FROM chats WHERE chat = ?", [chat])
        self.forget_events(chat)

    def events(self, chat):
        rows = self.db.execute("SELECT value FROM events WHERE chat = ? ORDER BY seq", [chat])
        return [json.loads(value) for (value,) in rows]

    def keep_event(self, event):
        self.db.execute("INSERT INTO events VALUES (?, ?, ?)", [event["chat"], event["seq"], json.dumps(event)])

    def forget_events(self, chat):
        self.db.execute("DELETE FROM events WHERE chat = ?", [chat])

    def outbox(self):
        return [(place, json.loads(value)) for place, value in self.db.execute("SELECT * FROM outbox ORDER BY place")]

    def keep_outgoing(self, place, saved):
        self.db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?)", [place, json.dumps(saved)])

    def forget_outgoing(self, place):
        self.db.execute("DELETE FROM outbox WHERE place = ?", [place])
