//! Where a session, its cursors and unsent messages are kept: one file per server and user, for the user's eyes only.

use std::path::{Path, PathBuf};

use anyhow::Context;
use parlour_model::UserName;

/// The usual place: in the user's data directory, by server and user.
pub(super) fn usual(url: &str, user: &UserName) -> anyhow::Result<PathBuf> {
    let data = data_directory()
        .context("no home directory: name a file with --state, or use --no-state")?;
    Ok(data.join("parlour").join("talk").join(file_name(url, user)))
}

/// Makes the file, and the folder it is in, if they are not there. Only the user may read what is made.
pub(super) fn prepare(file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(file)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command of a user finds the user's folders"
)]
fn data_directory() -> Option<PathBuf> {
    let folder = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        // What is not absolute is to be ignored, says the XDG specification.
        path.is_absolute().then_some(path)
    };
    folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local").join("share")))
}

/// `http://127.0.0.1:8080` and `ann` are kept in `ann@http.127.0.0.1.8080.sqlite`.
fn file_name(url: &str, user: &UserName) -> String {
    let words = url.split(|letter: char| {
        !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
    });
    let server: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{user}@{}.sqlite", server.join("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_server_and_user_has_a_file_and_no_name_leads_elsewhere() {
        let name = |url, user| file_name(url, &UserName::new(user).unwrap());
        assert_eq!(
            name("http://127.0.0.1:8080", "ann"),
            "ann@http.127.0.0.1.8080.sqlite"
        );
        assert_ne!(name("http://a:80", "ann"), name("http://a:81", "ann"));
        assert_ne!(name("http://a", "ann"), name("https://a", "ann"));
        assert_ne!(name("http://a", "ann"), name("http://a", "bob"));
        assert!(!name("http://a/../../b", "ann").contains('/'));
    }

    #[test]
    fn only_the_user_may_read_what_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("state");
        prepare(&file).unwrap();
        prepare(&file).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(file.parent().unwrap()), 0o700);
    }
}
