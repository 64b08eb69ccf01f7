//! Writes the documents of the contracts to where they are committed. `cargo xtask contracts` runs it.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for document in parlour_gateway::published(&root)? {
        let path = root.join(document.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, document.text)?;
    }
    Ok(())
}
