//! The cache of compiled kernels; a library that is missing.

use super::compile::{name_of, read, write};

#[test]
fn a_file_of_the_cache_is_read_whole_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("wengert-cuda-{}", std::process::id()));
    let file = folder.join(name_of("a key"));
    write(&file, "a key", &[1, 2, 3]).expect("a folder of our own");
    assert_eq!(read(&file, "a key"), Some(vec![1, 2, 3]));
    assert_eq!(read(&file, "a longer key"), None);
    let bytes = std::fs::read(&file).expect("it was just written");
    for cut in 0..bytes.len() {
        std::fs::write(&file, &bytes[..cut]).expect("a folder of our own");
        assert_eq!(read(&file, "a key"), None, "{cut} of {} bytes", bytes.len());
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn a_missing_library_of_sums_is_named() {
    if let Err(error) = super::nccl::check() {
        assert!(error.to_string().starts_with("NCCL (libnccl) was not found: it comes by"), "{error}");
        assert_eq!(super::nccl::identity(), Err(error));
    }
}
