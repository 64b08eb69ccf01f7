//! Opening the folder: the lock, the connections, the tables and what must never change.
//!
//! The order matters: nothing in the folder is read before the lock is held, and nothing is written before the
//! version of the tables and the bucket size are known to be ours.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::Options;
use crate::rows::int;
use crate::sql::STATEMENTS_KEPT_MAX;

/// The file with all tables.
pub(crate) const FILE: &str = "parlour.db";
/// The file whose lock says who owns the folder.
const LOCK: &str = "parlour.lock";
/// Says inside the file that it is ours: "Prlr".
const APPLICATION_ID: i64 = 0x5072_6c72;
/// The tables, version by version. A version that was published never changes.
pub(crate) const VERSIONS: &[&str] = &[
    include_str!("../schema/001.sql"),
    include_str!("../schema/002.sql"),
];
/// How long the writer waits for a reader that holds an old snapshot when it rewinds the log file.
const BUSY: Duration = Duration::from_secs(1);

/// What every connection is told.
const ALL: &str = "
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
";
/// What the writer is told. Checkpoints are its own work, because SQLite's automatic ones swallow the error of a
/// failed fsync. Deleted text is overwritten, not only unlinked.
const WRITER: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -32768;
";
/// What a reader is told.
const READER: &str = "
    PRAGMA query_only = ON;
    PRAGMA cache_size = -8192;
";

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("the data folder {} cannot be written: {source}", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has the folder open.
    #[error("the data folder {} is in use by another Parlour process", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
    },
    /// The tables are of a later version of Parlour.
    #[error(
        "the data was written by a newer Parlour (table version {found}, this one knows up to {known}): use that version"
    )]
    Newer {
        /// The version of the tables.
        found: usize,
        /// The latest version this program knows.
        known: usize,
    },
    /// The folder was created with another bucket size.
    #[error(
        "the data was created with {stored} events per bucket and cannot be used with {asked}: set it back to {stored}"
    )]
    BucketEvents {
        /// What the folder was created with.
        stored: u64,
        /// What was asked for.
        asked: u64,
    },
    /// The file is damaged or of another program.
    #[error("{} is damaged or not a Parlour database ({reason}): restore it from a backup", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// SQLite could not open the file for another reason.
    #[error("the database cannot be opened: {0}")]
    Storage(#[source] rusqlite::Error),
    /// The thread of the writer could not be started.
    #[error("the thread of the store's writer cannot be started: {0}")]
    Thread(#[source] io::Error),
}

/// An open folder: its lock and the connection that may write.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
    /// Declared before the lock, so that it is closed before another process may come.
    pub(crate) writer: Connection,
    _lock: File,
}

impl Folder {
    /// Takes the folder for this process and brings its tables to the present version.
    pub(crate) fn open(
        dir: &Path,
        options: &Options,
        pages_max: Option<u32>,
    ) -> Result<Self, OpenError> {
        let lock = lock(dir)?;
        // SQLite gives the files beside it the mode of this one.
        private_file(&dir.join(FILE)).map_err(|source| OpenError::Folder {
            dir: dir.to_owned(),
            source,
        })?;
        let writer = connect_writer(dir).map_err(|error| explain(dir, error))?;
        prepare(&writer, dir, options.bucket_events)?;
        if let Some(pages) = pages_max {
            let limit = format!("PRAGMA max_page_count = {pages}");
            writer.execute_batch(&limit).map_err(OpenError::Storage)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            writer,
            _lock: lock,
        })
    }

    /// Connections that can only read.
    pub(crate) fn connect_readers(&self, count: usize) -> Result<Vec<Connection>, OpenError> {
        (0..count)
            .map(|_| connect_reader(&self.dir).map_err(|error| explain(&self.dir, error)))
            .collect()
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let unusable = |source| OpenError::Folder {
        dir: dir.to_owned(),
        source,
    };
    create_folder(dir).map_err(unusable)?;
    let file = private_file(&dir.join(LOCK)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// Makes the folder, durably: an acknowledged event in a folder whose name is lost with the power is lost too.
fn create_folder(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    dir.canonicalize()?
        .ancestors()
        .skip(1)
        .try_for_each(|parent| File::open(parent)?.sync_all())
}

/// Opens a file, made for its owner alone: it holds messages, password hashes and keys.
fn private_file(path: &Path) -> io::Result<File> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}

fn connect_writer(dir: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(dir, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(WRITER)?;
    Ok(conn)
}

fn connect_reader(dir: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(dir, flags)?;
    conn.execute_batch(READER)?;
    Ok(conn)
}

fn connect(dir: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(dir.join(FILE), flags)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    // The writer does that itself when it ends in good order; after an fsync error nobody may.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.execute_batch(ALL)?;
    Ok(conn)
}

/// The error of opening a file, in words an operator can act on.
fn explain(dir: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Damaged {
            file: dir.join(FILE),
            reason: error.to_string(),
        },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::Folder {
                dir: dir.to_owned(),
                source: io::Error::new(io::ErrorKind::PermissionDenied, error),
            }
        }
        _ => OpenError::Storage(error),
    }
}

/// Checks that the tables are ours and brings them to the present version.
fn prepare(conn: &Connection, dir: &Path, bucket_events: u64) -> Result<(), OpenError> {
    let version = check_version(conn, dir)?;
    for (index, tables) in VERSIONS.iter().enumerate().skip(version) {
        let version = i64::try_from(index + 1).unwrap_or(i64::MAX);
        migrate(conn, version, tables, bucket_events).map_err(|error| explain(dir, error))?;
    }
    let stored: i64 = conn
        .query_row(
            "SELECT value FROM settings WHERE name = 'bucket_events'",
            (),
            |row| row.get(0),
        )
        .map_err(|error| explain(dir, error))?;
    if stored == int(bucket_events) {
        Ok(())
    } else {
        let stored = stored.unsigned_abs();
        Err(OpenError::BucketEvents {
            stored,
            asked: bucket_events,
        })
    }
}

/// The version of the tables; zero in a new file.
fn check_version(conn: &Connection, dir: &Path) -> Result<usize, OpenError> {
    let ask = |sql: &str| conn.query_row(sql, (), |row| row.get::<_, i64>(0));
    let answers = || {
        Ok((
            ask("PRAGMA user_version")?,
            ask("PRAGMA application_id")?,
            ask("SELECT count(*) FROM sqlite_schema")?,
        ))
    };
    let (version, application, tables) = answers().map_err(|error| explain(dir, error))?;
    let is_new = version == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(OpenError::Damaged {
            file: dir.join(FILE),
            reason: "it belongs to another program".to_owned(),
        });
    }
    match usize::try_from(version) {
        Ok(version) if version <= VERSIONS.len() => Ok(version),
        found => Err(OpenError::Newer {
            found: found.unwrap_or(usize::MAX),
            known: VERSIONS.len(),
        }),
    }
}

/// One step, all or nothing.
fn migrate(
    conn: &Connection,
    version: i64,
    tables: &str,
    bucket_events: u64,
) -> rusqlite::Result<()> {
    let step = conn.unchecked_transaction()?;
    step.execute_batch(tables)?;
    step.pragma_update(None, "user_version", version)?;
    step.pragma_update(None, "application_id", APPLICATION_ID)?;
    step.execute(
        "INSERT INTO settings VALUES ('bucket_events', ?1) ON CONFLICT DO NOTHING",
        [int(bucket_events)],
    )?;
    step.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No test can cut the power, so at least what the promise rests on is looked at.
    #[test]
    fn every_commit_of_the_writer_is_synced_and_checkpoints_are_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let conn = connect_writer(dir.path()).unwrap();
        let ask = |name: &str| -> String {
            conn.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(ask("journal_mode"), "Text(\"wal\")");
        assert_eq!(ask("synchronous"), "Integer(2)");
        assert_eq!(ask("wal_autocheckpoint"), "Integer(0)");
        assert_eq!(ask("secure_delete"), "Integer(1)");
    }
}
