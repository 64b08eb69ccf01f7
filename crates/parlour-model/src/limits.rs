//! Every limit of Parlour, named once. `welcome` tells clients those they must keep.

use std::time::Duration;

/// Largest integer on the wire: above it JavaScript's numbers have gaps.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// A text without control characters, in schemas.
pub const PLAIN_PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// A line of text in schemas: no control characters, and not only white space.
pub const LINE_PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// Longest text of a message, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Largest canonical body (any type), in bytes of JSON.
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// Largest frame a client may send, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Largest REST request body, in bytes.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of arrays and objects accepted anywhere.
pub const NESTING_MAX: usize = 16;
/// Longest name of a custom body, in bytes.
pub const CUSTOM_NAME_BYTES_MAX: usize = 64;
/// Most users mentioned in one text.
pub const MENTIONS_MAX: usize = 100;
/// Longest `ref` of a frame, in bytes.
pub const REF_BYTES_MAX: usize = 64;
/// Longest device name, in characters.
pub const DEVICE_CHARS_MAX: usize = 64;
/// Longest emoji of a reaction, in bytes: a family with skin tones fits.
pub const EMOJI_BYTES_MAX: usize = 64;
/// Most reactions of one user on one message.
pub const REACTIONS_PER_USER_MAX: usize = 20;
/// Longest chat title, in characters.
pub const TITLE_CHARS_MAX: usize = 128;
/// Most members of a group, and most users named when creating one.
pub const GROUP_MEMBERS_MAX: usize = 1_000;
/// Chats of up to this many members show names in receipts; larger ones show counts.
pub const NAMED_RECEIPTS_MEMBERS_MAX: usize = 64;
/// User name: 3 to 32 of `[a-z0-9_.]`.
pub const USER_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
/// Display name: 1 to 64 characters.
pub const DISPLAY_NAME_CHARS_MAX: usize = 64;
/// Longest avatar URL, in bytes.
pub const AVATAR_URL_BYTES_MAX: usize = 1_024;
/// What a search for users starts with: 2 to 128 characters.
pub const SEARCH_CHARS: std::ops::RangeInclusive<usize> = 2..=128;
/// Largest data an application attaches to a user or a chat, in bytes of canonical JSON.
pub const DATA_BYTES_MAX: usize = 4 * 1024;
/// Deepest nesting in such data, its outer object included.
pub const DATA_NESTING_MAX: usize = 8;
/// Longest note of a report, in bytes.
pub const REPORT_NOTE_BYTES_MAX: usize = 1_000;
/// Live sessions of one user: a new one ends the one that was idle for longest.
pub const SESSIONS_PER_USER_MAX: usize = 100;
/// Password: 8 to 256 characters.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// Most users in one `watch`.
pub const WATCH_USERS_MAX: usize = 500;
/// Most chats in one `watch`.
pub const WATCH_CHATS_MAX: usize = 100;
/// Messages in one history page: 1 to 100.
pub const PAGE_MESSAGES_MAX: usize = 100;
/// Events scanned at most for one history page.
pub const PAGE_SCAN_EVENTS_MAX: usize = 2_000;
/// Events read at most by one request for a history page before its first line; the next request reads on from there.
pub const PAGE_LINELESS_EVENTS_MAX: usize = 20_000;
/// Rows of a REST list, unless asked for fewer.
pub const LIST_ROWS_DEFAULT: usize = 50;
/// Most rows of a REST list.
pub const LIST_ROWS_MAX: usize = 200;
/// Cursors in one `hello` or `sync`; more follow with `more`.
pub const CURSORS_PER_FRAME_MAX: usize = 2_000;
/// Events streamed for one chat before the client is sent to history instead.
pub const SYNC_EVENTS_PER_CHAT_MAX: usize = 1_000;
/// Events streamed for one `sync` before the rest is answered with `too_long`.
pub const SYNC_EVENTS_MAX: usize = 5_000;

/// Events in one group commit of a chat.
pub const BATCH_EVENTS_MAX: usize = 32;
/// Bytes of bodies in one group commit of a chat.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
/// Events waiting to be appended to one chat on one node.
pub const APPENDS_WAITING_MAX: usize = 256;
/// Bytes waiting to be appended to one chat on one node.
pub const APPENDS_WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Frames waiting for one connection.
pub const OUTBOUND_FRAMES_MAX: usize = 256;
/// Bytes waiting for one connection.
pub const OUTBOUND_BYTES_MAX: usize = 1024 * 1024;
/// Requests of one connection being served at once.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 32;
/// Shared frames held per chat in which some connection is still catching up.
pub const SYNCING_FRAMES_MAX: usize = 64;
/// Packets waiting in a node's bus inbox.
pub const BUS_INBOX_PACKETS_MAX: usize = 64 * 1024;
/// Connections per node, unless configured otherwise.
pub const CONNECTIONS_MAX_DEFAULT: usize = 15_000;
/// Connections accepted by a node in any one second, unless configured otherwise.
pub const CONNECTS_PER_SECOND_DEFAULT: u32 = 1_000;
/// Connections of one user on one node: many devices with many tabs fit.
pub const CONNECTIONS_PER_USER_MAX: usize = 128;
/// Logins waiting for a password hash.
pub const PASSWORD_QUEUE_MAX: usize = 100;
/// Writes waiting for the one writer of a local store.
pub const STORE_WRITES_WAITING_MAX: usize = 1_024;
/// Writes a local store makes durable together.
pub const STORE_GROUP_WRITES_MAX: usize = 512;

/// How long an event key is remembered.
pub const KEY_REMEMBERED: Duration = Duration::from_secs(14 * 24 * 3600);
/// Oldest accepted event key, by its own timestamp: a day inside [`KEY_REMEMBERED`].
pub const KEY_AGE_MAX: Duration = Duration::from_secs(13 * 24 * 3600);
/// How far ahead of the server's clock an event key may be.
pub const KEY_AHEAD_MAX: Duration = Duration::from_secs(10 * 60);
/// How long the first frame may take.
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Typing ends by itself after this long.
pub const TYPING_LASTS: Duration = Duration::from_secs(5);
/// Presence stays online this long after the last connection closed cleanly.
pub const PRESENCE_GRACE: Duration = Duration::from_secs(10);
/// How often live connections are compared with revoked sessions.
pub const REVOCATION_POLL: Duration = Duration::from_secs(2);
/// A session that was not used for this long counts as ended.
pub const SESSION_UNUSED_MAX: Duration = Duration::from_secs(90 * 24 * 3600);
/// Events per bucket of a chat's log.
pub const BUCKET_EVENTS: u64 = 16_384;
