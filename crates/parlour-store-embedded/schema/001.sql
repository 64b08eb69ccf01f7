-- Version 1. All numbers are integers of 63 bits, all times milliseconds since the Unix epoch.

-- Facts that hold for the whole folder, written when it is created.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The logs ------------------------------------------------------------------------------------------------

-- Where each chat's log ends.
CREATE TABLE heads (
    chat           INTEGER PRIMARY KEY,
    seq            INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    countable      INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    membership_seq INTEGER NOT NULL,
    effect_seq     INTEGER NOT NULL
) STRICT;

-- The events of a log lie in two tables: what people read as lines, and all others. So a page of lines meets
-- nothing else, however many reactions lie between, and no message pays for a second index.
CREATE TABLE lines (
    chat        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    author      INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    sent_at     INTEGER NOT NULL,
    countable   INTEGER NOT NULL,
    prev_effect INTEGER NOT NULL,
    erased      INTEGER NOT NULL DEFAULT 0, -- a deletion has emptied the body
    content     TEXT    NOT NULL,           -- JSON, tagged by `kind`
    PRIMARY KEY (chat, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
    chat        INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    author      INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    sent_at     INTEGER NOT NULL,
    countable   INTEGER NOT NULL,
    prev_effect INTEGER NOT NULL,
    erased      INTEGER NOT NULL DEFAULT 0,
    content     TEXT    NOT NULL,
    target      INTEGER,                    -- the message this event is about, if it is about one
    PRIMARY KEY (chat, seq)
) STRICT, WITHOUT ROWID;

-- What happened to one message: for erasing its edits, and for its state at an earlier seq.
CREATE INDEX changes_by_target ON changes (chat, target, seq) WHERE target IS NOT NULL;

-- The whole logs. A seq of a chat is in one of the tables.
CREATE VIEW events AS
    SELECT chat, seq, id, author, key, sent_at, countable, prev_effect, erased, content FROM lines
    UNION ALL
    SELECT chat, seq, id, author, key, sent_at, countable, prev_effect, erased, content FROM changes;

-- Which event a key became; a row without seq is a cancelled key. The key comes before the author because keys
-- begin with their time: new rows of a chat lie together.
CREATE TABLE event_keys (
    chat       INTEGER NOT NULL,
    author     INTEGER NOT NULL,
    key        BLOB    NOT NULL,
    seq        INTEGER,
    hash       BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (chat, key, author)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_keys_by_expiry ON event_keys (expires_at);

-- What the logs did: each cell carries the seq of the event that wrote it, the higher seq wins ----------------

CREATE TABLE chats (
    chat        INTEGER PRIMARY KEY,
    chat_type   INTEGER,
    created_at  INTEGER,
    title       TEXT,
    title_seq   INTEGER NOT NULL DEFAULT 0,
    history     INTEGER,
    history_seq INTEGER NOT NULL DEFAULT 0,
    updated_at  INTEGER NOT NULL,
    updated_seq INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    chat             INTEGER NOT NULL,
    user             INTEGER NOT NULL,
    role             INTEGER NOT NULL DEFAULT 0,
    role_seq         INTEGER NOT NULL DEFAULT 0,
    joined           INTEGER NOT NULL DEFAULT 0,
    state_seq        INTEGER NOT NULL DEFAULT 0,
    joined_seq       INTEGER NOT NULL DEFAULT 0, -- 0: the joining is not written yet, the row counts as absent
    joined_countable INTEGER NOT NULL DEFAULT 0,
    joined_at        INTEGER NOT NULL DEFAULT 0,
    left_seq         INTEGER NOT NULL DEFAULT 0, -- 0: never left
    PRIMARY KEY (chat, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user, chat);
CREATE INDEX members_joined ON members (chat, user) WHERE joined = 1;

CREATE TABLE overlay (
    chat        INTEGER NOT NULL,
    target      INTEGER NOT NULL,
    body        TEXT,
    edited_at   INTEGER,
    edit_seq    INTEGER NOT NULL DEFAULT 0,
    deleted_seq INTEGER NOT NULL DEFAULT 0, -- 0: not deleted; sticky
    pinned      INTEGER NOT NULL DEFAULT 0,
    pinned_seq  INTEGER NOT NULL DEFAULT 0,
    changed_seq INTEGER NOT NULL DEFAULT 0, -- the latest change of any kind, reactions included
    PRIMARY KEY (chat, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    chat   INTEGER NOT NULL,
    target INTEGER NOT NULL,
    emoji  TEXT    NOT NULL,
    user   INTEGER NOT NULL,
    is_on  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (chat, target, emoji, user)
) STRICT, WITHOUT ROWID;

-- What users did that is no event ------------------------------------------------------------------------------

CREATE TABLE marks (
    user           INTEGER NOT NULL,
    chat           INTEGER NOT NULL,
    delivered      INTEGER NOT NULL,
    read           INTEGER NOT NULL,
    read_countable INTEGER NOT NULL,
    PRIMARY KEY (user, chat)
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_by_chat ON marks (chat, user);

CREATE TABLE claims (
    space      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    owner      INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (space, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_expiry ON claims (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    display_name  TEXT    NOT NULL,
    avatar_url    TEXT,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    password_hash TEXT    NOT NULL
) STRICT;

-- What the user search compares with: the user name, the folded display name, and each word of it.
CREATE TABLE user_words (
    starts TEXT    NOT NULL, -- the first two characters of `word`
    name   TEXT    NOT NULL,
    user   INTEGER NOT NULL,
    word   TEXT    NOT NULL,
    PRIMARY KEY (starts, name, user, word)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_words_by_user ON user_words (user);

CREATE TABLE last_known (
    user      INTEGER PRIMARY KEY,
    status    INTEGER NOT NULL DEFAULT 0,
    last_seen INTEGER
) STRICT;

CREATE TABLE blocks (
    blocker INTEGER NOT NULL,
    blocked INTEGER NOT NULL,
    PRIMARY KEY (blocker, blocked)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id             INTEGER PRIMARY KEY,
    user           INTEGER NOT NULL,
    device         TEXT    NOT NULL,
    salt           BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL,
    revoked_at     INTEGER,
    refresh_number INTEGER NOT NULL,
    rotated_at     INTEGER
) STRICT;
CREATE INDEX sessions_live ON sessions (user, created_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE keyring (
    purpose    TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    secret     BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (purpose, id)
) STRICT, WITHOUT ROWID;
