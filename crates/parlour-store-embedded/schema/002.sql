-- Version 2: what applications keep with users and chats, privacy, reports.

-- Canonical JSON objects; NULL and '{}' are none.
ALTER TABLE chats ADD COLUMN data TEXT;
ALTER TABLE chats ADD COLUMN data_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN data TEXT;

-- Who may see when the user was last connected: 0 everyone, 1 nobody.
ALTER TABLE last_known ADD COLUMN last_seen_shown INTEGER NOT NULL DEFAULT 0;

-- What users told the operators: about a user, a chat, or a message with its author in `user`.
CREATE TABLE reports (
    id       INTEGER PRIMARY KEY,
    reporter INTEGER NOT NULL,
    user     INTEGER,
    chat     INTEGER,
    seq      INTEGER,
    reason   INTEGER NOT NULL,
    note     TEXT,
    at       INTEGER NOT NULL
) STRICT;
