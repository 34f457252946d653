//! The results on pictures that the network was not trained on.

use crate::samples::{DIGITS, Samples};
use crate::training::largest;
use ndarray::Array2;

/// The most mistakes that are printed.
const SHOWN: usize = 20;

/// A picture read wrong.
pub(crate) struct Mistake {
    /// The index among the held-out pictures.
    pub(crate) sample: usize,
    pub(crate) digit: usize,
    pub(crate) read_as: usize,
    /// The probability given to the digit that it was read as.
    pub(crate) certainty: f64,
    /// The probability given to the digit that it is.
    pub(crate) of_digit: f64,
}

/// The held-out pictures and what they were read as.
pub(crate) struct Reading {
    /// How many pictures of each digit (rows) were read as which (columns).
    pub(crate) confusion: [[usize; DIGITS]; DIGITS],
    /// All mistakes, the most certain first.
    pub(crate) mistakes: Vec<Mistake>,
}

impl Reading {
    /// Reads each picture as the digit of the largest probability.
    pub(crate) fn of(samples: &Samples, probabilities: Array2<f32>) -> Reading {
        let mut reading = Reading { confusion: [[0; DIGITS]; DIGITS], mistakes: Vec::new() };
        for (sample, p) in probabilities.outer_iter().enumerate() {
            let (digit, read_as) = (samples.digit(sample), largest(&p.to_vec()));
            reading.confusion[digit][read_as] += 1;
            if read_as != digit {
                let (certainty, of_digit) = (f64::from(p[read_as]), f64::from(p[digit]));
                reading.mistakes.push(Mistake { sample, digit, read_as, certainty, of_digit });
            }
        }
        reading.mistakes.sort_by(|a, b| b.certainty.total_cmp(&a.certainty));
        reading
    }

    pub(crate) fn pictures(&self) -> usize {
        self.confusion.as_flattened().iter().sum()
    }

    /// The share read right.
    pub(crate) fn accuracy(&self) -> f64 {
        1.0 - self.mistakes.len() as f64 / self.pictures() as f64
    }

    /// Wilson's interval for the share of all such pictures that would be read right, at 95 % (E. B. Wilson,
    /// *Probable inference, the law of succession, and statistical inference*, 1927).
    fn interval(&self) -> [f64; 2] {
        const Z: f64 = 1.959_964;
        let (n, p) = (self.pictures() as f64, self.accuracy());
        let spread = Z * (p * (1.0 - p) / n + (Z / (2.0 * n)).powi(2)).sqrt();
        [-spread, spread].map(|spread| (p + Z * Z / (2.0 * n) + spread) / (1.0 + Z * Z / n))
    }

    pub(crate) fn print(&self) {
        let right = self.pictures() - self.mistakes.len();
        let [low, high] = self.interval().map(|share| 100.0 * share);
        println!("\n{right} of {} held-out pictures read right", self.pictures());
        println!("{:.1} %; 95 % interval {low:.1} to {high:.1} %", 100.0 * self.accuracy());
        self.print_digits();
        self.print_confusion();
        self.print_mistakes();
    }

    /// Recall is the share of a digit's pictures that were read as it; precision, of those read as it, the share that
    /// are.
    fn print_digits(&self) {
        println!("\ndigit  pictures  right  recall  precision");
        for digit in 0..DIGITS {
            let right = self.confusion[digit][digit];
            let pictures: usize = self.confusion[digit].iter().sum();
            let read_as: usize = self.confusion.iter().map(|row| row[digit]).sum();
            let [recall, precision] = [pictures, read_as].map(|of| 100.0 * right as f64 / of.max(1) as f64);
            println!("{digit:>5}  {pictures:>8}  {right:>5}  {recall:>4.0} %  {precision:>7.0} %");
        }
    }

    fn print_confusion(&self) {
        let heads: String = (0..DIGITS).map(|digit| format!("{digit:>4}")).collect();
        println!("\nread as{heads}");
        for (digit, row) in self.confusion.iter().enumerate() {
            let counts: String =
                row.iter().map(|&n| if n == 0 { "   ·".into() } else { format!("{n:>4}") }).collect();
            println!("{digit:>7}{counts}");
        }
    }

    fn print_mistakes(&self) {
        println!("\nmistakes, the most certain first, {SHOWN} at most");
        for m in self.mistakes.iter().take(SHOWN) {
            let (certainty, of_digit) = (100.0 * m.certainty, 100.0 * m.of_digit);
            println!(
                "  a {} read as {} ({certainty:.0} %; as {} {of_digit:.0} %)",
                m.digit, m.read_as, m.digit
            );
        }
    }
}
