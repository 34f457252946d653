//! Tests of folders of pictures: they are read in order, and what is none gives an error that names it.

mod hostile;
#[path = "../shared/mutate.rs"]
mod mutate;

use datasets::{FileError, images};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wengert-images-{name}"));
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn refusal(&self) -> String {
        let error = images::folder(&self.0).read().expect_err("should have been refused").to_string();
        error.replace(&format!("{}{}", self.0.display(), std::path::MAIN_SEPARATOR), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A picture whose pixels tell where they are.
fn picture(width: u32, height: u32, blue: u8) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, 100 + y as u8, blue])).into()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn pictures_come_in_the_order_of_their_names() -> Result<(), FileError> {
    let folder = Folder::new("order");
    let png = |blue| encoded(&picture(3, 2, blue), ImageFormat::Png);
    folder.put("dog/2.png", png(4));
    folder.put("cat/b.PNG", png(2));
    folder.put("dog/10.png", png(3));
    folder.put("cat/a.png", png(1));
    // What is no picture by its name does not count.
    folder.put("cat/.hidden.png", "no");
    folder.put("cat/notes.txt", "no");
    folder.put("list.csv", "no");
    folder.put(".git/x.png", "no");
    let images = images::folder(&folder.0).read()?;
    assert_eq!(images.classes, ["cat", "dog"]);
    assert_eq!(images.y.to_vec(), [0, 0, 1, 1]);
    assert_eq!(images.pixels.dim(), (4, 3, 2, 3));
    let blue: Vec<u8> = (0..4).map(|n| images.pixels[[n, 2, 1, 2]]).collect();
    assert_eq!(blue, [1, 2, 3, 4]);
    // Row 1, column 2: red counts columns, green rows.
    assert_eq!((images.pixels[[0, 0, 1, 2]], images.pixels[[0, 1, 1, 2]]), (2, 101));
    Ok(())
}

#[test]
fn sizes_have_to_agree_or_are_made_to() -> Result<(), FileError> {
    let folder = Folder::new("sizes");
    folder.put("a/1.png", encoded(&picture(3, 2, 0), ImageFormat::Png));
    folder.put("a/2.png", encoded(&picture(2, 3, 0), ImageFormat::Png));
    let expected = "a/2.png: size 3×2, expected 2×3 as the first picture; `size` brings all to one size";
    assert_eq!(folder.refusal(), expected);
    let images = images::folder(&folder.0).size(5, 4).read()?;
    assert_eq!(images.pixels.dim(), (2, 3, 5, 4));
    let error = images::folder(&folder.0).size(0, 4).read().unwrap_err();
    assert!(error.to_string().contains("the wanted size 0×4"), "{error}");
    assert!(images::folder(&folder.0).size(usize::MAX, 4).read().is_err());
    Ok(())
}

#[test]
fn jpeg_grey_and_other_kinds_of_pixels() -> Result<(), FileError> {
    let folder = Folder::new("kinds");
    let grey = RgbImage::from_pixel(8, 8, Rgb([90; 3]));
    let grey = DynamicImage::from(grey);
    folder.put("a/1.jpg", encoded(&grey, ImageFormat::Jpeg));
    folder.put("a/2.png", encoded(&grey.to_luma16().into(), ImageFormat::Png));
    folder.put("a/3.png", encoded(&grey.to_rgba8().into(), ImageFormat::Png));
    // A name that lies about the format.
    folder.put("a/4.jpeg", encoded(&grey.to_luma8().into(), ImageFormat::Png));
    for (grey, channels) in [(false, 3), (true, 1)] {
        let images = images::folder(&folder.0).grey(grey).read()?;
        assert_eq!(images.pixels.dim(), (4, channels, 8, 8));
        assert!(images.pixels.iter().all(|&pixel| pixel.abs_diff(90) <= 1));
    }
    Ok(())
}

#[test]
fn folders_without_pictures() {
    let folder = Folder::new("none");
    assert!(folder.refusal().ends_with("classes 0, expected a folder of pictures for each class"));
    folder.put("a/readme.txt", "");
    assert_eq!(folder.refusal(), "a: pictures 0, expected a file that ends in .png, .jpg or .jpeg");
}
