//! Compiles the stand-ins for NVIDIA's libraries.

use std::path::{Path, PathBuf};
use std::process::Command;

/// An empty folder for the stand-ins of one test file.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

/// Makes a shared library with the soname `file` out of a C file beside this one.
pub fn compile(source: &str, folder: &Path, file: &str, arguments: &[String]) -> PathBuf {
    let output = folder.join(file);
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fake")
        .join(source);
    let result = Command::new("cc")
        .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"])
        .args(["-shared", "-fPIC", &format!("-Wl,-soname,{file}"), "-o"])
        .arg(&output)
        .arg(source)
        .args(arguments)
        .output()
        .expect("the C compiler that Rust links with is in PATH");
    let errors = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{errors}");
    output
}
