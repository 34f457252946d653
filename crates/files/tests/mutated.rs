//! Files that were changed at random: reading them ends, panics never, and takes memory in proportion to their length.

#![expect(unsafe_code, reason = "an allocator that counts")]

use files::{Checkpoint, Error, Tensors, npy, npz, safetensors, torch};
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it hands on to the system's allocator what it was given, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise is that of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Random numbers: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Below n, which is not 0.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Changes bytes in one to four places.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(9)).min(bytes.len());
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                drop(bytes.splice(to..to, part));
            }
            3 => {
                let extreme = [0, 1, 0x7f, 0x80, 0xff][random.below(5)];
                bytes[at..end].fill(extreme);
            }
            // Digits, brackets and quotes: what headers are made of.
            4 => bytes[at..end]
                .iter_mut()
                .for_each(|byte| *byte = b"0129-+.eE[]{}(),:'\"\\L "[random.below(22)]),
            5 => bytes[at..end].iter_mut().for_each(|byte| *byte = random.next() as u8),
            // Instructions of pickles.
            6 => bytes[at..end]
                .iter_mut()
                .for_each(|byte| *byte = b"(.0N}])tuasebRQhqjrc2l\x85\x86\x87\x81\x93"[random.below(27)]),
            _ => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << random.below(8)),
        }
    }
}

/// The entries of an archive, by name.
type Entries = Vec<(String, Vec<u8>)>;

fn entries(archive: &[u8]) -> Entries {
    let zip = ZipArchive::from_slice(archive).unwrap();
    let read = |entry: Result<rawzip::ZipFileHeaderRecord<'_>, rawzip::Error>| {
        let entry = entry.unwrap();
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        let data = zip.get_entry(entry.wayfinder()).unwrap().data();
        let mut bytes = vec![];
        match entry.compression_method() {
            CompressionMethod::STORE => bytes.extend_from_slice(data),
            _ => drop(flate2::bufread::DeflateDecoder::new(data).read_to_end(&mut bytes).unwrap()),
        }
        (name, bytes)
    };
    zip.entries().map(read).collect()
}

/// An archive whose checksums are right, of entries that may be anything.
fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in entries {
        let (mut entry, config) = zip.new_file(&name[..]).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(bytes).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap()
}

/// A format: its name, whole files of it, how they are read, and how many bytes reading may take for each byte of the file.
struct Format {
    name: &'static str,
    whole: Vec<Vec<u8>>,
    read: fn(&[u8]) -> Result<(), Error>,
    most: usize,
    is_archive: bool,
}

fn formats() -> Vec<Format> {
    let tensors = Tensors::new()
        .with("net.0.weight", [[1.0, -2.0], [f64::NAN, 0.0]])
        .with("steps", [3i64, -1])
        .with("mask", [true, false, true])
        .with("empty", [0.0f32; 0]);
    let mut texts = tensors.clone();
    texts.metadata.insert("epoch".into(), "3 \"é\"".into());
    let checkpoint = Checkpoint::new().with_number("x", 1.0).with_metric("loss", 0.5).tensors().clone();
    let arrays = &tensors.list;
    vec![
        Format {
            name: "safetensors",
            whole: vec![safetensors::encode(&texts), safetensors::encode(&checkpoint)],
            // What was read can be written, and is read as the same.
            read: |bytes| {
                let tensors = safetensors::decode(bytes)?;
                let again = safetensors::decode(&safetensors::encode(&tensors)).unwrap();
                assert_eq!(again.names().count(), tensors.names().count());
                Ok(())
            },
            most: 60,
            is_archive: false,
        },
        Format {
            name: "npy",
            whole: arrays.iter().map(npy::encode).collect(),
            read: |bytes| npy::decode(bytes).map(|array| assert!(!npy::encode(&array).is_empty())),
            most: 40,
            is_archive: false,
        },
        Format {
            name: "npz",
            whole: vec![
                npz::encode(&tensors, npz::Packing::Stored),
                npz::encode(&tensors, npz::Packing::Deflated),
                include_bytes!("golden/mixed_compression.npz").to_vec(),
            ],
            read: |bytes| npz::decode(bytes).map(drop),
            most: 300,
            is_archive: true,
        },
        Format {
            name: "torch",
            whole: vec![
                torch::encode(&tensors),
                include_bytes!("golden/mixed.pt").to_vec(),
                include_bytes!("golden/checkpoint.pt").to_vec(),
            ],
            read: |bytes| torch::decode(bytes).map(|value| drop(value.tensors())),
            most: 300,
            is_archive: true,
        },
    ]
}

/// Reads so many changed files of each format.
fn run(rounds: usize, seed: u64) {
    let formats = formats();
    let inner: Vec<Vec<Entries>> = formats
        .iter()
        .map(|format| format.whole.iter().filter(|_| format.is_archive).map(|file| entries(file)).collect())
        .collect();
    for (format, inner) in formats.iter().zip(&inner) {
        format.whole.iter().for_each(|file| (format.read)(file).unwrap());
        let (mut random, mut accepted, mut largest) = (Random(seed), 0, 0);
        for round in 0..rounds {
            let which = random.below(format.whole.len());
            let mut file = format.whole[which].clone();
            // Within an archive mostly, behind its checksums.
            if format.is_archive && random.below(4) > 0 {
                let mut entries = inner[which].clone();
                let at = random.below(entries.len());
                let at = if random.below(2) == 0 { 0 } else { at };
                mutate(&mut entries[at].1, &mut random);
                file = archive(&entries);
            } else {
                mutate(&mut file, &mut random);
            }
            let before = NOW.load(Relaxed);
            PEAK.store(before, Relaxed);
            let result = catch_unwind(|| (format.read)(&file));
            let taken = PEAK.load(Relaxed) - before;
            let result =
                result.unwrap_or_else(|_| panic!("{}: round {round} of seed {seed} panicked", format.name));
            if let Err(error) = &result {
                assert!(!error.faults().is_empty() && error.to_string().len() < 10_000, "{error}");
            }
            accepted += usize::from(result.is_ok());
            largest = largest.max(taken.saturating_sub(10_000) / (file.len() + 1));
            assert!(
                taken < format.most * file.len() + 20_000,
                "{}: round {round} of seed {seed}: {taken} bytes for a file of {}",
                format.name,
                file.len()
            );
        }
        println!("{}: {accepted} of {rounds} accepted, {largest} bytes at most for each", format.name);
    }
}

/// One test that runs, because the count is that of the process.
#[test]
fn changed_files_are_read_or_refused() {
    run(if cfg!(debug_assertions) { 3_000 } else { 20_000 }, 1);
}

/// `cargo test --release -p wengert-files --test mutated -- --ignored --nocapture`
#[test]
#[ignore = "millions of files take minutes; run with `--release --test mutated -- --ignored --nocapture`"]
fn millions() {
    run(1_000_000, 2);
}
