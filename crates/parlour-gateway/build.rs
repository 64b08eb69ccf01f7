//! Makes cargo look whether the web client was built anew: the files it embeds are not known before.

use std::path::Path;

fn main() {
    let built = ["../../web/app/dist", "../../web/app"];
    // A path that is missing would count as changed each time, so the nearest one that exists is watched.
    let watched = built.into_iter().find(|path| Path::new(path).exists());
    println!("cargo::rerun-if-changed={}", watched.unwrap_or("build.rs"));
}
