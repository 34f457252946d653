//! Logs on the disk: what is cut, what is refused, and what no byte may do.

use std::fs;
use std::path::{Path, PathBuf};
use train::log::tensorboard::{self, Content, Histogram};
use train::log::{Csv, Error, JsonLines, Log, TensorBoard};

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

type Make = fn(&Path) -> (Box<dyn Log>, PathBuf);

/// Every kind of log, and its file.
const KINDS: [(&str, Make); 3] = [
    ("csv", |folder| (Box::new(Csv::new(folder.join("log.csv"))), folder.join("log.csv"))),
    ("jsonl", |folder| (Box::new(JsonLines::new(folder.join("log.jsonl"))), folder.join("log.jsonl"))),
    ("events", |folder| {
        let log = TensorBoard::new(folder);
        let path = log.path().to_owned();
        (Box::new(log), path)
    }),
];

fn write(log: &mut dyn Log, steps: std::ops::RangeInclusive<u64>) {
    for step in steps {
        log.scalars(step, &[("loss, \"train\"", 1.0 / step as f64), ("rate", f64::NAN)]).unwrap();
    }
}

/// What is logged, without times.
fn content(path: &Path) -> String {
    if path.extension().is_some_and(|end| end != "wengert") {
        return fs::read_to_string(path).unwrap();
    }
    let events = tensorboard::read(path).unwrap();
    events.iter().map(|e| format!("{} {:?} {:?}\n", e.step, e.version, e.summaries)).collect()
}

#[test]
fn a_log_that_goes_on_is_that_of_a_run_without_a_stop() {
    for (kind, make) in KINDS {
        let folder = folder(&format!("goes_on_{kind}"));
        let (mut log, path) = make(&folder);
        log.begin(0, Some(9)).unwrap();
        write(&mut *log, 1..=9);
        let whole = content(&path);
        drop(log);

        for checkpoint in 0..=9 {
            let (mut log, path) = make(&folder);
            log.begin(checkpoint, Some(9)).unwrap();
            write(&mut *log, checkpoint + 1..=9);
            assert_eq!(content(&path), whole, "{kind} from step {checkpoint}");
        }
    }
}

/// Killed within a record: the file ends anywhere.
#[test]
fn a_log_that_ends_anywhere_goes_on() {
    for (kind, make) in KINDS {
        let folder = folder(&format!("ends_anywhere_{kind}"));
        let (mut log, path) = make(&folder);
        log.begin(0, None).unwrap();
        write(&mut *log, 1..=1);
        let first = fs::metadata(&path).unwrap().len() as usize;
        write(&mut *log, 2..=3);
        let (bytes, whole) = (fs::read(&path).unwrap(), content(&path));
        for end in 0..bytes.len() {
            fs::write(&path, &bytes[..end]).unwrap();
            let step = u64::from(end >= first);
            let (mut log, path) = make(&folder);
            log.begin(step, None).unwrap();
            write(&mut *log, step + 1..=3);
            assert_eq!(content(&path), whole, "{kind} cut at byte {end}");
        }
    }
}

#[test]
fn another_file_is_refused_and_stays() {
    for (kind, make) in KINDS {
        let (mut log, path) = make(&folder(&format!("refused_{kind}")));
        for text in ["another table\n1,2\n", "{\"steps\": 1}\n{}\n", "letters and more letters"] {
            if kind == "jsonl" && !text.contains('\n') {
                continue; // a line that is not whole
            }
            fs::write(&path, text).unwrap();
            let error = log.begin(1, None).unwrap_err();
            assert!(matches!(error, Error::Content { .. }), "{kind}: {error}");
            assert!(error.to_string().contains("expected"), "{kind}: {error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}

/// A device without an end, and a folder.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused() {
    for (kind, make) in KINDS {
        for target in ["/dev/zero", "/"] {
            let (mut log, path) = make(&folder(&format!("no_file_{kind}")));
            std::os::unix::fs::symlink(target, &path).unwrap();
            let error = log.begin(1, None).unwrap_err().to_string();
            assert!(error.ends_with("cannot read: it is no regular file"), "{kind}: {error}");
        }
    }
}

#[test]
fn a_file_of_tensorboard_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let events = tensorboard::read(path.join("events.out.tfevents.1700000000.reference")).unwrap();
    assert_eq!((events.len(), events[0].wall_time), (29, 1_700_000_000.0));
    let rates = events.iter().flat_map(|e| &e.summaries).filter(|s| s.tag == "lr");
    let first = rates.map(|s| s.content.clone()).next().unwrap();
    assert_eq!(first, Content::Scalar(0.1));
}

/// Whatever the bytes are, reading them ends and takes no more memory than they do.
#[test]
fn hostile_events_are_refused() {
    let folder = folder("hostile");
    let mut log = TensorBoard::new(&folder);
    log.begin(0, None).unwrap();
    write(&mut log, 1..=2);
    log.histogram(3, "weights", &[1.0, -2.0, f64::INFINITY, 0.5]).unwrap();
    log.image(3, "image", 2, 2, &[0, 1, 2, 3]).unwrap();
    let (path, bytes) = (log.path().to_owned(), fs::read(log.path()).unwrap());
    assert_eq!(tensorboard::read(&path).unwrap().len(), 5);
    for at in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 1 << (at % 8);
        fs::write(&path, &broken).unwrap();
        // Checksums find every change of one bit.
        assert!(tensorboard::read(&path).is_err(), "byte {at}");
    }
    // Records whose checksums are right, around messages that are not.
    let mut words = 1u64;
    for _ in 0..300 {
        let payload: Vec<u8> = (0..24)
            .map(|_| {
                words = words.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                [(words >> 33) as u8, 0x2a, 0x0a, 0x22][(words >> 60) as usize % 4]
            })
            .collect();
        let length = (payload.len() as u64).to_le_bytes();
        let sum = |bytes: &[u8]| tensorboard::masked_crc32c(bytes).to_le_bytes();
        fs::write(&path, [&length[..], &sum(&length), &payload, &sum(&payload)].concat()).unwrap();
        let _ = tensorboard::read(&path);
    }
    let huge = u64::MAX.to_le_bytes();
    fs::write(&path, [&huge[..], &tensorboard::masked_crc32c(&huge).to_le_bytes()].concat()).unwrap();
    assert!(tensorboard::read(&path).is_err());
}

#[test]
fn histograms_hold_every_number() {
    for values in
        [vec![], vec![3.0], vec![1.0, 1.0], vec![-f64::MAX, 0.0, f64::MAX], vec![f64::NAN, 2.0, 5e-324]]
    {
        let histogram = Histogram::of(&values, 30);
        let finite = values.iter().filter(|x| x.is_finite()).count() as f64;
        assert_eq!(histogram.counts.iter().sum::<f64>(), finite, "{values:?}");
        assert!(histogram.limits.is_sorted(), "{values:?}");
    }
}
