//! The memory that reading takes at its peak, measured, for files made to take much.

#![expect(unsafe_code, reason = "an allocator that counts")]

use datasets::csv::{Missing, options};
use datasets::idx;
use std::alloc::{GlobalAlloc, Layout, System};
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

/// Texts of about so many bytes that need much memory for each: many fields, in rows of every length.
fn texts(length: usize) -> [String; 9] {
    let row = |field: &str, end: &str| field.repeat(length / field.len()) + end;
    let two = |field: &str, end: &str| (row(field, end)).repeat(2);
    [
        "0,0\n".repeat(length / 4),
        ",\n".repeat(length / 2),
        two(",", "\n"),
        two("0,", "0\n"),
        row(",", "\n"),
        two("\"\n\",", "0\n"),
        row("x", ",\n") + "0,0\n",
        "\u{feff}".repeat(length / 3),
        "\r".repeat(length),
    ]
}

/// One test, because the count is that of the process.
#[test]
fn memory_stays_within_what_limit_promises() {
    // A vector that has just grown has most capacity to spare.
    for length in [1 << 19, (1 << 19) + 9, 3 << 17, (3 << 17) + 9] {
        for (i, text) in texts(length).iter().enumerate() {
            for (missing, header) in [(Missing::Nan, false), (Missing::Nan, true), (Missing::DropRow, true)] {
                let options = options().header(header).missing(missing);
                let before = NOW.load(Relaxed);
                PEAK.store(before, Relaxed);
                let read = options.read_table_from("large", text.as_bytes()).is_ok();
                let bytes = (PEAK.load(Relaxed) - before) as f64 / text.len() as f64;
                assert!(bytes < 80.0, "text {i} of {length}, {missing:?}: {bytes} for each byte");
                assert!(i > 0 || read && bytes < 16.0, "numbers of {length}: {bytes} for each byte");
            }
            let before = NOW.load(Relaxed);
            PEAK.store(before, Relaxed);
            options().read_text_from("large", text.as_bytes()).ok();
            let bytes = (PEAK.load(Relaxed) - before) as f64 / text.len() as f64;
            assert!(bytes < 80.0, "text {i} of {length}, as texts: {bytes} for each byte");
        }
    }
    // An array of 1 GiB that is promised and not there.
    let promised = [0, 0, 8, 1, 0x3f, 0xff, 0xff, 0xff, 1];
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    assert!(idx::read_from("large", &promised[..], 1 << 30).is_err());
    let bytes = PEAK.load(Relaxed) - before;
    assert!(bytes < 1 << 16, "{bytes} for a file of nine bytes");
}
