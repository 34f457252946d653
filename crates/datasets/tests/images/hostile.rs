//! Files made to break a reader.

use crate::mutate::mutate;
use crate::{Folder, encoded, picture};
use datasets::{FileError, RandomState, images};
use image::ImageFormat;

#[test]
fn files_that_are_no_pictures() {
    let folder = Folder::new("no-pictures");
    for bytes in [&b""[..], b"GIF89a", b"\x89PN", b"text"] {
        folder.put("a/1.png", bytes);
        assert_eq!(folder.refusal(), "a/1.png: format unknown, expected PNG or JPEG");
    }
    let whole = encoded(&picture(20, 20, 0), ImageFormat::Png);
    folder.put("a/1.png", &whole[..whole.len() / 2]);
    let refusal = folder.refusal();
    assert!(
        refusal.starts_with("a/1.png: picture (") && refusal.ends_with("expected a whole PNG or JPEG file")
    );
}

/// A PNG of a hundred bytes that claims 60,000 × 60,000 pixels, with the right checksum: refused before room is made for them.
#[test]
fn a_size_that_is_not_there() {
    let mut png = encoded(&picture(1, 1, 0), ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let checksum = crc(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
    let folder = Folder::new("large");
    folder.put("a/1.png", &png);
    let refusal = folder.refusal();
    assert!(
        refusal.starts_with("a/1.png: size 60000×60000, expected at least one pixel and at most"),
        "{refusal}"
    );
}

/// CRC-32 as in PNG's specification.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[test]
fn limits_count_bytes_of_files_and_of_pixels() {
    let folder = Folder::new("limits");
    folder.put("a/1.png", encoded(&picture(8, 8, 0), ImageFormat::Png));
    folder.put("a/2.png", encoded(&picture(8, 8, 0), ImageFormat::Png));
    let read = |limit| images::folder(&folder.0).limit(limit).read();
    assert!(read(2 * 8 * 8 * 3).is_ok());
    assert!(matches!(read(2 * 8 * 8 * 3 - 1), Err(FileError::TooLong { .. })));
    assert!(matches!(read(20), Err(FileError::TooLong { limit: 20, .. })));
}

fn run(cases: usize, seed: u32) -> usize {
    let pieces: [&[u8]; 6] = [&[0; 4], &[255; 4], b"IDAT", b"\xff\xd8", b"\xff\xda", b"PLTE"];
    let seeds = [
        encoded(&picture(9, 7, 5), ImageFormat::Png),
        encoded(&picture(9, 7, 5), ImageFormat::Jpeg),
        encoded(&picture(9, 7, 5).to_luma8().into(), ImageFormat::Png),
    ];
    let folder = Folder::new(&format!("mutated-{seed}"));
    let (mut rng, mut well) = (RandomState::new(seed), 0);
    for case in 0..cases {
        let mut bytes = seeds[case % seeds.len()].clone();
        mutate(&mut bytes, &pieces, &mut rng);
        folder.put("a/1.png", &bytes);
        match images::folder(&folder.0).limit(1 << 22).read() {
            Ok(images) => {
                well += 1;
                assert_eq!(images.len(), 1);
            }
            Err(error) => assert!(error.to_string().contains(", expected "), "{error}"),
        }
    }
    well
}

#[test]
fn mutated_pictures() {
    let well = run(600, 1);
    assert!((30..590).contains(&well), "{well} were read well: the mutations are too wild or too tame");
}

#[test]
#[ignore = "hundred thousands of files; run with `--release --all-features --test images -- --ignored thousands`"]
fn hundred_thousands_of_mutated_pictures() {
    for seed in 100..104 {
        run(50_000, seed);
    }
}
