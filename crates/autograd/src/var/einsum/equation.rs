//! Reading an equation of letters.

use crate::lists::{IntoList, sort_once};
use crate::shape::Shape;

/// A letter, or one of the axes that `...` stands for, counted from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Letter {
    Leading(usize),
    Named(char),
}

/// What is wrong, and the rule that says so.
type Wrong = (String, &'static str);

/// An equation that fits its operands.
#[derive(Debug)]
pub(super) struct Equation {
    /// The letters of each operand, one for each axis.
    pub(super) terms: Vec<Vec<Letter>>,
    /// Those of the result.
    pub(super) result: Vec<Letter>,
    /// The length of each letter.
    /// Few, so they are searched one by one.
    lengths: Vec<(Letter, usize)>,
}

impl Equation {
    pub(super) fn read(text: &str, shapes: &[Shape]) -> Result<Equation, Wrong> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (&text[..], None),
        };
        let terms: Vec<&str> = left.split(',').listed();
        if terms.len() != shapes.len() {
            let found = format!("letters for {} operands, and {} operands", terms.len(), shapes.len());
            return Err((found, "each operand has its letters, separated by commas"));
        }
        let terms: Vec<Vec<Letter>> = (terms.iter().zip(shapes).enumerate())
            .map(|(k, (term, shape))| letters_of(term, k, shape))
            .collect::<Result<_, _>>()?;
        let lengths = lengths_of(&terms, shapes)?;
        let result = match right {
            Some(right) => named(right, &terms)?,
            None => once(&terms),
        };
        Ok(Equation { terms, result, lengths })
    }

    pub(super) fn length(&self, letter: Letter) -> usize {
        self.lengths.iter().find(|(l, _)| *l == letter).map_or(0, |(_, length)| *length)
    }
}

/// The parts of a term: letters before and after `...`, if it is there.
fn split(term: &str) -> Result<(Vec<Letter>, Option<Vec<Letter>>), Wrong> {
    let letters = |part: &str| -> Result<Vec<Letter>, Wrong> {
        let letter = |c: char| match c {
            c if c.is_ascii_alphabetic() => Ok(Letter::Named(c)),
            c => Err((format!("`{c}` is no letter"), "axes are letters from a to z and A to Z, or `...`")),
        };
        part.chars().map(letter).collect()
    };
    match term.split_once("...") {
        None => Ok((letters(term)?, None)),
        Some((before, after)) => Ok((letters(before)?, Some(letters(after)?))),
    }
}

/// The axes of `...`, the first one first.
fn leading(count: usize) -> impl Iterator<Item = Letter> {
    (0..count).rev().map(Letter::Leading)
}

fn letters_of(term: &str, operand: usize, shape: &Shape) -> Result<Vec<Letter>, Wrong> {
    let (before, after) = split(term)?;
    let given = before.len() + after.as_ref().map_or(0, Vec::len);
    if given > shape.len() || (after.is_none() && given < shape.len()) {
        let found = format!("`{term}` names {given} axes, operand {operand} is {shape}");
        return Err((found, "each axis has a letter; `...` stands for any number of them"));
    }
    let hidden = leading(shape.len() - given);
    Ok(match after {
        None => before,
        Some(after) => before.into_iter().chain(hidden).chain(after).listed(),
    })
}

fn lengths_of(terms: &[Vec<Letter>], shapes: &[Shape]) -> Result<Vec<(Letter, usize)>, Wrong> {
    // Each letter with its length, and the operand that gave it.
    let mut lengths: Vec<(Letter, usize)> = vec![];
    let mut givers: Vec<usize> = vec![];
    for (operand, (letters, shape)) in terms.iter().zip(shapes).enumerate() {
        for (&letter, &length) in letters.iter().zip(&shape[..]) {
            let Some(place) = lengths.iter().position(|(l, _)| *l == letter) else {
                lengths.push((letter, length));
                givers.push(operand);
                continue;
            };
            let (known, first) = (lengths[place].1, givers[place]);
            match letter {
                _ if known == length => {}
                Letter::Leading(_) if length == 1 => {}
                Letter::Leading(_) if known == 1 => {
                    (lengths[place].1, givers[place]) = (length, operand);
                }
                Letter::Leading(k) => {
                    let found = format!(
                        "axis {k} of `...`, counted from its last, has length {known} in operand {first} and {length} in operand {operand}"
                    );
                    return Err((
                        found,
                        "the axes of `...`, aligned at the last, are equal or one of them is 1",
                    ));
                }
                Letter::Named(c) => {
                    let found = format!(
                        "letter `{c}` has length {known} in operand {first} and {length} in operand {operand}"
                    );
                    return Err((found, "a letter has one length"));
                }
            }
        }
    }
    Ok(lengths)
}

/// The letters of the result, as they were written.
fn named(right: &str, terms: &[Vec<Letter>]) -> Result<Vec<Letter>, Wrong> {
    let (before, after) = split(right)?;
    let all = || terms.iter().flatten();
    let hidden = all().filter(|l| matches!(l, Letter::Leading(_))).max().map_or(0, |&l| match l {
        Letter::Leading(k) => k + 1,
        Letter::Named(_) => 0,
    });
    if after.is_none() && hidden > 0 {
        return Err(("the result has no `...`".to_owned(), "axes that `...` stands for are kept"));
    }
    let result: Vec<Letter> = match after {
        None => before,
        Some(after) => before.into_iter().chain(leading(hidden)).chain(after).listed(),
    };
    for (k, &letter) in result.iter().enumerate() {
        let Letter::Named(c) = letter else { continue };
        if !all().any(|l| *l == letter) {
            return Err((
                format!("letter `{c}` of the result is in no operand"),
                "the result has letters of the operands",
            ));
        }
        if result[..k].contains(&letter) {
            return Err((format!("letter `{c}` is twice in the result"), "the result has each letter once"));
        }
    }
    Ok(result)
}

/// Without an arrow: the axes of `...`, then the letters that occur once, in alphabetical order.
fn once(terms: &[Vec<Letter>]) -> Vec<Letter> {
    let count = |letter: &Letter| terms.iter().flatten().filter(|l| *l == letter).count();
    let mut letters: Vec<Letter> = terms.iter().flatten().copied().listed();
    sort_once(&mut letters);
    let (mut hidden, named): (Vec<Letter>, Vec<Letter>) =
        letters.into_iter().partition(|l| matches!(l, Letter::Leading(_)));
    hidden.reverse();
    hidden.into_iter().chain(named.into_iter().filter(|l| count(l) == 1)).listed()
}
