//! The text as numbers, its windows, and the trigram model that the transformer is compared with.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// A text, a number for each character.
pub(crate) struct Text {
    /// The character of each number.
    pub(crate) kinds: Vec<char>,
    pub(crate) numbers: Vec<i64>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Text {
        let kinds: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
        let numbers = Text::numbers(&kinds, text);
        Text { kinds, numbers }
    }

    /// The numbers of the characters of another text that occur in this one.
    pub(crate) fn read(&self, text: &str) -> Vec<i64> {
        Text::numbers(&self.kinds, text)
    }

    fn numbers(kinds: &[char], text: &str) -> Vec<i64> {
        text.chars().filter_map(|c| kinds.binary_search(&c).ok()).map(|number| number as i64).collect()
    }

    pub(crate) fn write(&self, numbers: &[i64]) -> String {
        numbers.iter().map(|&number| self.kinds[number as usize]).collect()
    }

    /// Windows of so many characters that begin at these places, \[n, length\], and for each character the one after it.
    pub(crate) fn windows(&self, starts: Vec<usize>, length: usize) -> [Vec<i64>; 2] {
        let mut windows = [vec![], vec![]];
        for start in starts {
            windows[0].extend(&self.numbers[start..start + length]);
            windows[1].extend(&self.numbers[start + 1..start + 1 + length]);
        }
        windows
    }
}

/// Probabilities of characters by the two before them: p(c | h) = (n(hc) + t(h)·p(c | h′))/(n(h) + t(h)), where n counts, t(h) is
/// the number of kinds of characters that follow h, and h′ is h without its first character.
///
/// Source: Witten & Bell, *The Zero-Frequency Problem*, 1991, method C, interpolated.
pub(crate) struct Trigram<'a> {
    kinds: usize,
    counts: HashMap<&'a [i64], usize>,
    /// n(h) and t(h).
    histories: HashMap<&'a [i64], [usize; 2]>,
}

impl<'a> Trigram<'a> {
    pub(crate) fn of(text: &'a [i64], kinds: usize) -> Trigram<'a> {
        let mut model = Trigram { kinds, counts: HashMap::new(), histories: HashMap::new() };
        for gram in (1..=3).flat_map(|n| text.windows(n)) {
            let count = model.counts.entry(gram).or_default();
            let [n, t] = model.histories.entry(&gram[..gram.len() - 1]).or_default();
            (*t, *n, *count) = (*t + usize::from(*count == 0), *n + 1, *count + 1);
        }
        model
    }

    /// The probability of the last character after those before it.
    fn probability(&self, gram: &[i64]) -> f64 {
        let Some((_, history)) = gram.split_last() else { return 1.0 / self.kinds as f64 };
        let shorter = if history.is_empty() { 1.0 / self.kinds as f64 } else { self.probability(&gram[1..]) };
        let Some(&[n, t]) = self.histories.get(history) else { return shorter };
        let count = self.counts.get(gram).copied().unwrap_or(0);
        (count as f64 + t as f64 * shorter) / (n + t) as f64
    }

    /// Mean nats a character at these places of a text.
    pub(crate) fn nats(&self, text: &[i64], places: Range<usize>) -> f64 {
        let n = places.len() as f64;
        places.map(|i| -self.probability(&text[i - 2..=i]).ln()).sum::<f64>() / n
    }
}
