//! Zip archives in memory: what npz files and those of PyTorch are.

use crate::error::Fault;
use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipArchiveWriter, ZipSliceArchive};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{Read, Write};

/// Deflate packs 1032 bytes into one at most (RFC 1951: a code of two bits for 258 bytes). An archive whose entries share bytes
/// could give more.
const MOST_FROM_A_BYTE: u64 = 1032;

/// The entries of an archive. What is read of all of them together is bounded by the length of the archive.
pub(crate) struct Archive<'a> {
    zip: ZipSliceArchive<&'a [u8]>,
    entries: BTreeMap<String, (ZipArchiveEntryWayfinder, CompressionMethod)>,
    budget: Cell<u64>,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Archive<'a>, Fault> {
        let broken = |error| Fault::new("archive", error, "a whole zip archive");
        let zip = ZipArchive::from_slice(bytes).map_err(broken)?;
        let mut entries = BTreeMap::new();
        let mut count = 0;
        for entry in zip.entries() {
            let entry = entry.map_err(broken)?;
            count += 1;
            let path = entry.file_path();
            let name = String::from_utf8_lossy(path.as_ref()).into_owned();
            if entry.flags().is_encrypted() {
                return Err(Fault::new(name, "an encrypted entry", "one that is not"));
            }
            let known = entries.insert(name.clone(), (entry.wayfinder(), entry.compression_method()));
            if known.is_some() {
                return Err(Fault::new(name, "two entries of this name", "one"));
            }
        }
        if count != zip.entries_hint() {
            let expected = format!("{}, as the archive says", zip.entries_hint());
            return Err(Fault::new("archive", format!("{count} entries"), expected));
        }
        let budget = Cell::new((bytes.len() as u64).saturating_mul(MOST_FROM_A_BYTE));
        Ok(Archive { zip, entries, budget })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The bytes of an entry, whose length and checksum are right.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Fault> {
        let Some(&(place, method)) = self.entries.get(name) else {
            return Err(Fault::new(name, "no such entry", "one"));
        };
        let expected = "bytes of the length and checksum that the archive says";
        let entry = self.zip.get_entry(place).map_err(|error| Fault::new(name, error, expected))?;
        let claimed = place.uncompressed_size_hint().min(self.budget.get());
        let mut bytes = vec![];
        let read = match method {
            // No more than a byte beyond what there may be: then the check at the end fails.
            CompressionMethod::STORE => {
                entry.verifying_reader(entry.data()).take(claimed + 1).read_to_end(&mut bytes)
            }
            CompressionMethod::DEFLATE => {
                let inflated = DeflateDecoder::new(entry.data());
                entry.verifying_reader(inflated).take(claimed + 1).read_to_end(&mut bytes)
            }
            other => {
                return Err(Fault::new(name, format!("compressed by {other:?}"), "stored or deflated bytes"));
            }
        };
        read.map_err(|error| Fault::new(name, error, expected))?;
        if bytes.len() as u64 > claimed {
            return Err(Fault::new(name, format!("more than {claimed} bytes"), expected));
        }
        self.spend(name, bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Counts bytes that are allocated on the word of the archive.
    pub(crate) fn spend(&self, name: &str, bytes: u64) -> Result<(), Fault> {
        let left = self.budget.get().checked_sub(bytes);
        let expected = format!("no more than {MOST_FROM_A_BYTE} times the length of the archive in all");
        self.budget.set(left.ok_or_else(|| Fault::new(name, format!("another {bytes} bytes"), expected))?);
        Ok(())
    }
}

/// An archive of these entries, in this order. The same entries give the same bytes.
pub(crate) fn encode(entries: &[(String, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let fits = "memory takes what is written";
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, bytes) in entries {
        let method = if deflate { CompressionMethod::DEFLATE } else { CompressionMethod::STORE };
        let file = zip.new_file(&name[..]).compression_method(method);
        let (mut entry, config) = file.start().expect(fits);
        let descriptor = if deflate {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            writer.write_all(bytes).expect(fits);
            let (encoder, descriptor) = writer.finish().expect(fits);
            encoder.finish().expect(fits);
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).expect(fits);
            writer.finish().expect(fits).1
        };
        entry.finish(descriptor).expect(fits);
    }
    zip.finish().expect(fits)
}
