//! Sums of products by an equation of letters, such as `ij,jk->ik`, composed of other ops.
//!
//! Letters that repeat within an operand take a diagonal, and letters that nobody else needs are summed at once. Then
//! operands are multiplied two at a time: by a product of matrices if a letter is summed, else elementwise. All of these
//! have derivatives of any order.

mod equation;
mod path;

use super::Var;
use crate::lists::IntoList;
use crate::mistake::Mistake;
use equation::{Equation, Letter};

impl<'t> Var<'t> {
    /// The sum of products that an equation names, as in NumPy: a letter for each axis of each operand, and after `->` those of
    /// the result. Letters that are not in the result are summed. `...` stands for any number of leading axes, which are
    /// broadcast. A letter twice in one operand takes the diagonal. Without `->` the result has the letters that occur
    /// once, in alphabetical order.
    ///
    /// The order of the products is that of the least work, up to 8 operands; beyond, the cheapest pair comes first.
    ///
    /// # Panics
    /// If the equation cannot be read or does not fit: the message names the letter. If dtypes differ.
    ///
    /// ```
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([[1.0, 2.0], [3.0, 4.0]]), tape.var([5.0, 6.0]));
    /// assert_eq!(Var::einsum("ij,j->i", &[a, b]).to_vec::<f64>(), [17.0, 39.0]);
    /// assert_eq!(Var::einsum("ii", &[a]).item(), 5.0); // the trace
    /// assert_eq!(Var::einsum("...ij->...ji", &[a]).to_vec::<f64>(), [1.0, 3.0, 2.0, 4.0]);
    /// assert_eq!(Var::einsum("i,ij,j->", &[b, a, b]).grad([a])[0].to_vec::<f64>(), [25.0, 30.0, 30.0, 36.0]);
    /// ```
    ///
    /// ```should_panic
    /// # use autograd::{Tape, Var};
    /// let tape = Tape::new();
    /// let a = tape.var([[1.0, 2.0, 3.0]]);
    /// Var::einsum("ij,jk->ik", &[a, a]); // letter `j` has length 3 in operand 0 and 1 in operand 1
    /// ```
    #[track_caller]
    pub fn einsum(equation: &str, operands: &[Var<'t>]) -> Var<'t> {
        let shapes: Vec<_> = operands.iter().map(|x| x.shape()).listed();
        let read = match Equation::read(equation, &shapes) {
            Ok(read) => read,
            Err((found, rule)) => refuse(equation, operands, &found, rule),
        };
        for x in &operands[1..] {
            operands[0].check_same_tape("einsum", *x);
        }
        let mut factors: Vec<Factor<'t>> = operands
            .iter()
            .zip(&read.terms)
            .map(|(&x, letters)| Factor { x, letters: letters.clone() }.on_diagonals().without_repeats(&read))
            .listed();
        for k in 0..factors.len() {
            let needed: Vec<Letter> = others(&factors, &[k], &read.result);
            factors[k] = factors[k].summed_to(&needed);
        }
        while factors.len() > 1 {
            let sets: Vec<&[Letter]> = factors.iter().map(|f| &f.letters[..]).listed();
            let (i, j) = path::next(&sets, &read.result, &|letter| read.length(letter));
            let needed = others(&factors, &[i, j], &read.result);
            let product = factors[i].times(&factors[j], &needed);
            factors.remove(j);
            factors[i] = product;
        }
        let last = &factors[0];
        let place =
            |letter: &Letter| last.place(*letter).expect("each letter of the result is in an operand");
        last.x.arranged(&read.result.iter().map(place).listed())
    }
}

/// The letters that the result and all factors but some need.
fn others(factors: &[Factor<'_>], but: &[usize], result: &[Letter]) -> Vec<Letter> {
    let mut letters = result.to_vec();
    for (k, factor) in factors.iter().enumerate() {
        if !but.contains(&k) {
            letters.extend_from_slice(&factor.letters);
        }
    }
    letters
}

#[cold]
#[track_caller]
fn refuse(equation: &str, operands: &[Var<'_>], found: &str, rule: &str) -> ! {
    let head = format!("einsum: {found}");
    let mistake =
        operands.iter().enumerate().fold(Mistake::new(head).line("equation", equation), |mistake, (i, x)| {
            mistake.line(format_args!("operand {i}"), x.describe())
        });
    mistake.rule(rule).raise()
}

/// An operand with a letter for each axis.
#[derive(Clone)]
struct Factor<'t> {
    x: Var<'t>,
    letters: Vec<Letter>,
}

impl<'t> Factor<'t> {
    fn place(&self, letter: Letter) -> Option<usize> {
        self.letters.iter().position(|l| *l == letter)
    }

    /// Takes the diagonal of axes with the same letter.
    #[track_caller]
    fn on_diagonals(mut self) -> Factor<'t> {
        let repeated = |letters: &[Letter]| {
            (1..letters.len()).find_map(|j| Some((letters[..j].iter().position(|l| *l == letters[j])?, j)))
        };
        while let Some((i, j)) = repeated(&self.letters) {
            let rest: Vec<usize> = (0..self.letters.len()).filter(|k| ![i, j].contains(k)).listed();
            self.x = self.x.arranged(&[&rest[..], &[i, j]].concat()).diagonal(0);
            self.letters = rest.iter().chain([&i]).map(|&k| self.letters[k]).listed();
        }
        self
    }

    /// Drops axes of length 1 that others repeat: those of `...`.
    #[track_caller]
    fn without_repeats(mut self, equation: &Equation) -> Factor<'t> {
        for k in (0..self.letters.len()).rev() {
            if self.x.shape()[k] == 1 && equation.length(self.letters[k]) != 1 {
                self.x = self.x.index(k as isize, 0);
                self.letters.remove(k);
            }
        }
        self
    }

    /// The sum over the letters that nobody needs.
    #[track_caller]
    fn summed_to(&self, needed: &[Letter]) -> Factor<'t> {
        let (kept, gone): (Vec<usize>, Vec<usize>) =
            (0..self.letters.len()).partition(|&k| needed.contains(&self.letters[k]));
        if gone.is_empty() {
            return self.clone();
        }
        let axes: Vec<isize> = gone.iter().map(|&k| k as isize).listed();
        Factor { x: self.x.sum_over(axes), letters: kept.iter().map(|&k| self.letters[k]).listed() }
    }

    /// The product, summed over the common letters that nobody else needs. The letters are those of both, then those of the
    /// left, then those of the right.
    #[track_caller]
    fn times(&self, other: &Factor<'t>, needed: &[Letter]) -> Factor<'t> {
        let common = |l: &&Letter| other.letters.contains(l);
        let both = self.letters.iter().filter(common);
        let (kept, summed): (Vec<Letter>, Vec<Letter>) = both.partition(|l| needed.contains(l));
        let only = |a: &Factor<'t>, b: &Factor<'t>| -> Vec<Letter> {
            a.letters.iter().filter(|l| !b.letters.contains(l)).copied().listed()
        };
        let (left, right) = (only(self, other), only(other, self));
        let letters = [&kept[..], &left, &right].concat();
        let shape: Vec<usize> = letters.iter().map(|&l| self.length(l).max(other.length(l))).listed();
        let x = if summed.is_empty() {
            self.spread(&kept, &left, right.len(), false) * other.spread(&kept, &right, left.len(), true)
        } else if left.is_empty() && right.is_empty() {
            let axes: Vec<isize> = (kept.len()..kept.len() + summed.len()).map(|k| k as isize).listed();
            (self.ordered(&[&kept, &summed]) * other.ordered(&[&kept, &summed])).sum_over(axes)
        } else {
            let a = self.matrices(&kept, &left, &summed);
            a.matmul(other.matrices(&kept, &summed, &right)).reshape(shape)
        };
        Factor { x, letters }
    }

    /// The length of a letter, 0 if it has none here.
    fn length(&self, letter: Letter) -> usize {
        self.place(letter).map_or(0, |k| self.x.shape()[k])
    }

    #[track_caller]
    fn ordered(&self, groups: &[&[Letter]]) -> Var<'t> {
        let letters = groups.concat();
        let axes = letters.iter().map(|&l| self.place(l).expect("a letter of this operand"));
        self.x.arranged(&axes.listed())
    }

    /// Axes in the order common, own, with `others` axes of length 1 before the own ones or behind.
    #[track_caller]
    fn spread(&self, common: &[Letter], own: &[Letter], others: usize, before: bool) -> Var<'t> {
        let x = self.ordered(&[common, own]);
        let (shape, ones) = (x.shape(), vec![1; others]);
        let (head, tail) = shape.split_at(common.len());
        x.reshape(if before { [head, &ones, tail].concat() } else { [head, tail, &ones].concat() })
    }

    /// A batch of matrices, with several letters for the rows and for the columns.
    #[track_caller]
    fn matrices(&self, batch: &[Letter], rows: &[Letter], columns: &[Letter]) -> Var<'t> {
        let x = self.ordered(&[batch, rows, columns]);
        let count = |letters: &[Letter]| letters.iter().map(|&l| self.length(l)).product::<usize>();
        let lead = &x.shape()[..batch.len()];
        x.reshape([lead, &[count(rows), count(columns)]].concat())
    }
}
