//! The C compiler, for tests that compare with C or need a small shared library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An empty folder of this name under the build folder.
pub fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of an earlier run can be removed");
    }
    fs::create_dir_all(&folder).expect("the build folder is writable");
    folder
}

/// Compiles `source`, a path below `tests/`, to `output`.
pub fn compile(source: &str, output: &Path, arguments: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(source);
    fs::create_dir_all(output.parent().expect("a path in a folder")).expect("it is writable");
    let result = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(output)
        .arg(&source)
        .args(arguments)
        .output()
        .expect("the C compiler that Rust links with is in PATH");
    assert!(
        result.status.success(),
        "{}: {}",
        source.display(),
        String::from_utf8_lossy(&result.stderr)
    );
}
