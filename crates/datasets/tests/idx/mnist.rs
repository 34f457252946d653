use datasets::idx;
use ndarray::{Array1, Array3, array};
use std::fs;
use std::path::PathBuf;

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wengert-{name}"));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn put(&self, part: &str, of: usize, images: &str, labels: &str) {
        let pixels = Array3::from_shape_fn((of, 28, 28), |(n, i, j)| (n + i * j % 200) as u8);
        idx::write(self.0.join(format!("{part}-images{images}")), &pixels).unwrap();
        let classes = Array1::from_shape_fn(of, |n| (n % 10) as u8);
        idx::write(self.0.join(format!("{part}-labels{labels}")), &classes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn both_parts_under_every_name() -> Result<(), Box<dyn std::error::Error>> {
    let names = [
        ("train", "t10k", "-idx3-ubyte", "-idx1-ubyte"),
        ("train", "t10k", ".idx3-ubyte", ".idx1-ubyte.gz"),
        ("mnist-train", "mnist-test", "-idx3-ubyte.gz", "-idx1-ubyte.gz"),
    ];
    for (i, (train, test, images, labels)) in names.into_iter().enumerate() {
        let folder = Folder::new(&format!("mnist-{i}"));
        folder.put(train, 12, images, labels);
        folder.put(test, 3, images, labels);
        let (train, test) = idx::mnist(&folder.0)?;
        assert_eq!((train.pixels.dim(), test.pixels.dim()), ((12, 1, 28, 28), (3, 1, 28, 28)));
        assert_eq!(train.y.to_vec(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
        assert_eq!((train.classes.len(), test.classes.len()), (10, 3));
        assert_eq!(train.rows_f32()[[1, 29]], 2.0 / 255.0);
        assert_eq!(train.select(&[11])?.y, array![1]);
    }
    Ok(())
}

#[test]
fn what_is_missing_or_does_not_fit_is_named() {
    let folder = Folder::new("mnist-wrong");
    let refusal = || idx::mnist(&folder.0).unwrap_err().to_string();
    assert!(refusal().ends_with("expected train-images-idx3-ubyte or train-images-idx3-ubyte.gz"));
    folder.put("train", 4, "-idx3-ubyte", "-idx1-ubyte");
    assert!(refusal().contains("file t10k-images missing"));
    let labels = folder.0.join("train-labels-idx1-ubyte");
    idx::write(&labels, &array![1u8]).unwrap();
    assert!(
        refusal()
            .contains("train-labels-idx1-ubyte: number of labels 1, expected 4, one for each picture of")
    );
    idx::write(&labels, &array![[1u8]]).unwrap();
    assert!(refusal().ends_with("train-labels-idx1-ubyte: shape [1, 1], expected 1 axes"));
    idx::write(&labels, &array![1i16]).unwrap();
    assert!(refusal().ends_with("train-labels-idx1-ubyte: element type another, expected bytes, 0x08"));
}
