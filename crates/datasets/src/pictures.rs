//! Pictures with their classes.

use crate::error::Error;
use ndarray::{Array1, Array2, Array4, Axis};

/// Pictures of one size, and for each the label of its class.
///
/// # Examples
///
/// ```
/// use datasets::Images;
/// use ndarray::{Array4, array};
///
/// let pixels = Array4::from_shape_vec((2, 1, 1, 2), vec![0, 255, 51, 0]).unwrap();
/// let images = Images { pixels, y: array![0, 1], classes: vec!["cat".into(), "dog".into()] };
/// assert_eq!(images.len(), 2);
/// assert_eq!(images.rows_f32(), array![[0.0, 1.0], [0.2, 0.0]]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// The pixels, `[n, channels, height, width]`, from 0 (black) to 255.
    pub pixels: Array4<u8>,
    /// The labels, `[n]`: indices of `classes`.
    pub y: Array1<i64>,
    /// The names of the classes.
    pub classes: Vec<String>,
}

impl Images {
    /// Counts the pictures.
    ///
    /// # Examples
    ///
    /// ```
    /// # use {datasets::Images, ndarray::{Array1, Array4}};
    /// let images = Images { pixels: Array4::zeros((3, 1, 2, 2)), y: Array1::zeros(3), classes: vec!["a".into()] };
    /// assert_eq!(images.len(), 3);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.pixels.len_of(Axis(0))
    }

    /// Says whether there are no pictures.
    ///
    /// # Examples
    ///
    /// ```
    /// # use {datasets::Images, ndarray::{Array1, Array4}};
    /// let images = Images { pixels: Array4::zeros((0, 1, 2, 2)), y: Array1::zeros(0), classes: Vec::new() };
    /// assert!(images.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the pictures at `indices`, in that order; an index may occur more than once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an index outside `0..n`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use {datasets::Images, ndarray::{Array1, Array4}};
    /// let images = Images { pixels: Array4::zeros((3, 1, 2, 2)), y: Array1::zeros(3), classes: vec!["a".into()] };
    /// assert_eq!(images.select(&[2, 0])?.len(), 2);
    /// assert!(images.select(&[3]).is_err());
    /// # Ok::<(), datasets::Error>(())
    /// ```
    pub fn select(&self, indices: &[usize]) -> Result<Self, Error> {
        let n = self.len().min(self.y.len());
        if let Some(&index) = indices.iter().find(|&&index| index >= n) {
            return Err(Error::invalid("index", index, format!("less than the number of pictures, {n}")));
        }
        let (pixels, y) = (self.pixels.select(Axis(0), indices), self.y.select(Axis(0), indices));
        Ok(Self { pixels, y, classes: self.classes.clone() })
    }

    /// Gives the pixels as numbers from 0 to 1, `[n, channels, height, width]`: what convolutions read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use {datasets::Images, ndarray::{Array1, Array4}};
    /// let images = Images { pixels: Array4::from_elem((1, 3, 2, 2), 255), y: Array1::zeros(1), classes: vec!["a".into()] };
    /// assert_eq!(images.x_f32(), Array4::<f32>::ones((1, 3, 2, 2)));
    /// ```
    #[must_use]
    pub fn x_f32(&self) -> Array4<f32> {
        self.pixels.mapv(|pixel| f32::from(pixel) / 255.0)
    }

    /// Gives the pixels as numbers from 0 to 1, a picture in each row, `[n, channels · height · width]`: what dense layers read.
    ///
    /// # Examples
    ///
    /// ```
    /// # use {datasets::Images, ndarray::{Array1, Array4}};
    /// let images = Images { pixels: Array4::zeros((2, 3, 4, 5)), y: Array1::zeros(2), classes: vec!["a".into()] };
    /// assert_eq!(images.rows_f32().dim(), (2, 60));
    /// ```
    #[must_use]
    pub fn rows_f32(&self) -> Array2<f32> {
        let (n, channels, height, width) = self.pixels.dim();
        let pixels = self.pixels.iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
        Array2::from_shape_vec((n, channels * height * width), pixels).expect("the pixels of the array")
    }
}
