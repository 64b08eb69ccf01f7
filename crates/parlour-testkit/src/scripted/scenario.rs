//! A scenario file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use super::ServerStep;

/// One scenario: what a server does and what a client must make of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What a right client does, as a sentence.
    pub name: String,
    /// What goes wrong with a client that does something else.
    pub why: String,
    /// The schema of the file, for editors.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// Device by device, the user it belongs to. Absent: one device `ann` of the user `ann`.
    #[serde(default = "only_ann")]
    pub devices: BTreeMap<String, String>,
    /// The script of the server; absent when the scenario runs against a real node.
    #[serde(default)]
    pub server: Option<Vec<ServerStep>>,
    /// What the client is made to do and what it must come to show, in the words of the runner.
    pub client: Vec<Value>,
}

fn only_ann() -> BTreeMap<String, String> {
    BTreeMap::from([("ann".to_owned(), "ann".to_owned())])
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
    }
}

/// The scenario files of a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn scenarios_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
