//! Checkpoints: exact, atomic, readable for ever; and which of them stay.

use autograd::{Key, NamedTensor, OptimizerState, Params};
use files::{Better, Checkpoint, Keeper, ParamsFile, Position, named};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder of its own for each test, deleted at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("wengert-checkpoints-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn model(start: f64) -> Params {
    let mut params = Params::f32();
    let mut scope = params.scope("net");
    scope.param("w", [2, 2], [start, -0.5, 0.1, 3.0]);
    scope.buffer_of("steps", [start as i64]);
    params
}

fn state() -> OptimizerState {
    OptimizerState {
        // Not in the order of the alphabet; a number that no short decimal gives.
        numbers: vec![
            ("rate".into(), 0.1 + 0.2),
            ("beta/1".into(), -0.0),
            ("epsilon".into(), f64::MIN_POSITIVE),
        ],
        counters: vec![("net.w".into(), u64::MAX), ("a".into(), 0)],
        tensors: vec![
            named("net.w/v", [0.25f32, 1e-40]),
            named("net.w/m", [[1.0f64]]),
            named("done", [true]),
        ],
    }
}

fn full() -> Checkpoint {
    Checkpoint::new()
        .with_params(&model(2.0))
        .with_optimizer("adam", &state())
        .with_optimizer("empty", &OptimizerState::default())
        .with_number("nan", f64::NAN)
        .with_number("third", 1.0 / 3.0)
        .with_count("step", u64::MAX - 1)
        .with_text("config", "sizes = [2, 3]\n")
        .with_key("dropout", Key::new(u64::MAX))
        .with_position(Position { epoch: 3, batch: 17 })
        .with_metric("loss", 0.1 + 0.2)
        .with_metric("worst", f64::INFINITY)
        .with_tensor("average", [1.0f32, 2.0])
}

fn check(checkpoint: &Checkpoint) {
    let mut params = model(0.0);
    checkpoint.load_params(&mut params).unwrap();
    assert_eq!(params.to_tensors(), model(2.0).to_tensors());
    assert_eq!(checkpoint.optimizer("adam").unwrap(), state());
    assert!(checkpoint.optimizer("adam").unwrap().numbers[1].1.is_sign_negative());
    assert_eq!(checkpoint.optimizer("empty").unwrap(), OptimizerState::default());
    assert_eq!(checkpoint.number("nan").unwrap().to_bits(), f64::NAN.to_bits());
    assert_eq!(checkpoint.number("third").unwrap(), 1.0 / 3.0);
    assert_eq!(checkpoint.count("step").unwrap(), u64::MAX - 1);
    assert_eq!(checkpoint.text("config").unwrap(), "sizes = [2, 3]\n");
    assert_eq!(checkpoint.key("dropout").unwrap().words(), Key::new(u64::MAX).words());
    assert_eq!(checkpoint.position().unwrap(), Position { epoch: 3, batch: 17 });
    assert_eq!(checkpoint.metric("loss").unwrap(), 0.1 + 0.2);
    assert_eq!(checkpoint.metric("worst").unwrap(), f64::INFINITY);
    assert_eq!(checkpoint.tensor("average").unwrap().data.slice::<f32>(), [1.0, 2.0]);
}

#[test]
fn everything_comes_back_to_the_bit() {
    let folder = Folder::new("exact");
    let path = folder.0.join("run");
    full().write(&path).unwrap();
    let first = fs::read(&path).unwrap();
    let checkpoint = Checkpoint::read(&path).unwrap();
    check(&checkpoint);
    checkpoint.write(&path).unwrap();
    assert!(fs::read(&path).unwrap() == first, "the same content gives the same bytes");
    // What is given again takes the old one's place.
    let again = checkpoint.with_optimizer("adam", &OptimizerState::default()).with_params(&Params::f32());
    assert_eq!(again.optimizer("adam").unwrap(), OptimizerState::default());
    assert!(again.tensors().names().all(|name| !name.starts_with("params/")));
}

/// The file is `full()` as the first version wrote it. It stays as it is, and is read by every later one.
#[test]
fn files_of_earlier_versions_are_read() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/checkpoint-1.safetensors");
    check(&Checkpoint::read(&golden).unwrap());
}

/// A checksum finds every change of one bit of a number, in a model and in a checkpoint.
#[test]
fn numbers_that_have_changed_are_refused() {
    let folder = Folder::new("sums");
    let path = folder.0.join("file");
    let writes: [&dyn Fn(); 2] = [&|| full().write(&path).unwrap(), &|| model(2.0).save(&path).unwrap()];
    for write in writes {
        write();
        let whole = fs::read(&path).unwrap();
        let begin = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
        for at in begin..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&path, changed).unwrap();
            let error = files::safetensors::read(&path).unwrap_err();
            assert!(error.faults().iter().any(|f| f.field == "checksum of the numbers"), "{at}: {error}");
        }
        fs::write(&path, &whole).unwrap();
        let read = files::safetensors::read(&path).unwrap();
        assert!(!read.metadata.contains_key("wengert.crc32"), "a changed list would have a wrong sum");
    }
}

#[test]
fn what_is_no_checkpoint_of_this_version_is_refused() {
    let folder = Folder::new("versions");
    let path = folder.0.join("run");
    let mut tensors = full().tensors().clone();
    let mut refused = |format: Option<&str>| {
        tensors.metadata.remove("format");
        tensors.metadata.extend(format.map(|format| ("format".to_owned(), format.to_owned())));
        files::safetensors::write(&path, &tensors).unwrap();
        Checkpoint::read(&path).map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused(Some("wengert.checkpoint/2")).contains("wengert.checkpoint/2, of a newer version"));
    for other in [None, Some("pt"), Some("wengert.checkpoint/0"), Some("wengert.checkpoint/")] {
        assert!(refused(other).contains("expected wengert.checkpoint/1"), "{other:?}");
    }
    let checkpoint = full();
    for error in [
        checkpoint.number("other").unwrap_err(),
        checkpoint.count("other").unwrap_err(),
        checkpoint.key("other").unwrap_err(),
        checkpoint.optimizer("other").unwrap_err(),
        checkpoint.load_params(&mut Params::f32()).unwrap_err(),
    ] {
        assert_eq!((error.file(), error.faults().is_empty()), (Path::new("(checkpoint)"), false));
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}

#[test]
fn the_best_and_the_newest_stay() {
    let folder = Folder::new("keeper");
    let keeper = Keeper::new(&folder.0).keep_best(2, "accuracy", Better::Larger);
    assert!(keeper.newest().unwrap().is_none());
    fs::write(folder.0.join("notes.txt"), "stays").unwrap();
    fs::write(folder.0.join(".checkpoint-9.safetensors.1-0.partial"), "half").unwrap();
    for (step, accuracy) in [(9, 0.5), (10, 0.9), (11, f64::NAN), (12, 0.7), (13, 0.9), (14, 0.1)] {
        keeper.write(step, &full().with_metric("accuracy", accuracy)).unwrap();
    }
    assert_eq!(keeper.steps().unwrap(), [10, 13, 14]);
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4);
    assert_eq!(keeper.best().unwrap().unwrap().0, 13);
    // A broken file is passed over; one of a version to come is not.
    let whole = fs::read(keeper.path(14)).unwrap();
    fs::write(keeper.path(14), &whole[..whole.len() / 2]).unwrap();
    let (step, checkpoint) = keeper.newest().unwrap().unwrap();
    assert_eq!(step, 13);
    check(&checkpoint);
    for step in [10, 13] {
        let kept = fs::read(keeper.path(step)).unwrap();
        fs::write(keeper.path(step), &kept[..kept.len() - 1]).unwrap();
    }
    let error = keeper.newest().unwrap_err();
    let fields: Vec<&str> = error.faults().iter().map(|fault| &fault.field[..]).collect();
    assert_eq!(fields, [14, 13, 10].map(|step| format!("checkpoint-{step}.safetensors")));
    assert!(keeper.best().is_err());
    let text = String::from_utf8_lossy(&whole[8..]).contains("wengert.checkpoint/1");
    assert!(text);
    let at = whole.windows(20).position(|w| w == b"wengert.checkpoint/1").unwrap();
    let newer = [&whole[..at + 19], b"2", &whole[at + 20..]].concat();
    fs::write(keeper.path(14), newer).unwrap();
    assert!(keeper.newest().is_err());
    assert_eq!(Keeper::new(folder.0.join("none")).steps().unwrap(), [0u64; 0]);
}

/// Writes the same file for ever: the process that the next test kills.
#[test]
#[ignore = "never ends: the test of killed processes starts it"]
fn writer() {
    let path = std::env::var_os("WENGERT_KILLED_FILE").expect("the file to write");
    let data = files::Data::F64(vec![1.5; 1 << 18]);
    let large = NamedTensor { name: "large".to_owned(), shape: (1 << 18).into(), data };
    for step in 0.. {
        let mut tensors = Checkpoint::new().with_count("step", step).tensors().clone();
        tensors.set(large.clone());
        files::safetensors::write(&path, &tensors).unwrap();
    }
}

#[test]
fn whoever_is_killed_leaves_a_whole_file() {
    let folder = Folder::new("killed");
    let path = folder.0.join("run");
    for round in 0..8 {
        Checkpoint::new().with_count("step", 0).write(&path).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "writer"])
            .env("WENGERT_KILLED_FILE", &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Whoever reads meanwhile finds whole files too.
        let read = || Checkpoint::read(&path).unwrap().count("step").unwrap();
        while read() < 1 {
            assert!(child.try_wait().unwrap().is_none(), "the process ended by itself");
        }
        std::thread::sleep(std::time::Duration::from_millis(round * 3));
        child.kill().unwrap();
        child.wait().unwrap();
        read();
    }
}
