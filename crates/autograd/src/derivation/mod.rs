//! Derivations: how a result changes with its inputs, in symbols and in the numbers of the tape.
//!
//! A page is made in four steps. [`model`] finds the values that get lines and the formulas between them; [`numbers`] sweeps
//! the tape; `full`, `steps` and `overview` say it at three lengths, as a [`document`]; [`print`] writes that in a notation.
//! Formulas come from where the derivatives come from: the table, over symbols, and `formula_vjp` of each op.

mod document;
mod entry;
mod full;
mod milestones;
mod model;
mod names;
mod numbers;
mod overview;
mod page;
mod print;
mod rows;
mod steps;

use crate::ir::{NodeId, Op};
use crate::lists::IntoList;
use crate::var::Var;
use document::Document;
use model::Model;
use numbers::{Numbers, Segments};
use page::Page;
use std::fmt;

/// How much a derivation says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// Whatever fits the computation: `Full` for one sample and a short way, `Steps` for what fits a screen, else `Overview`.
    #[default]
    Fitting,
    /// Each local derivative line by line, then one product for each variable. What is not one sample, or has more than five
    /// values on the way, gets `Steps`.
    Full,
    /// One line for each adjoint, made of the adjoints before it. A batch is explained for row i.
    Steps,
    /// As `Steps`, without any number. It also works on a tape that is traced.
    Formulas,
    /// A table of shapes and sizes, what each parameter is given, and one entry in full.
    Overview,
}

/// How a result changes with its inputs, step by step: made by [`Var::derivation`].
///
/// It prints as Unicode text ([`Display`](fmt::Display)), [`latex`](Derivation::latex), [`markdown`](Derivation::markdown) and
/// [`mathml`](Derivation::mathml). It reads the executed tape, and prints the numbers of a sweep over it, so it cannot
/// contradict the gradient.
///
/// Values are called by the names that [`Var::named`] gives; parameters, inputs and layers have theirs. A page is short
/// whatever the size of the tape: long parts are folded, and it says so.
#[derive(Clone, Debug)]
pub struct Derivation<'t> {
    output: Var<'t>,
    asked: Vec<Var<'t>>,
    detail: Detail,
    first: usize,
    entry: Option<(Var<'t>, Vec<usize>)>,
}

impl<'t> Var<'t> {
    /// How `self`, a single number, changes with each of `wrt`: the derivation of the gradient, from what was executed.
    ///
    /// ```
    /// use autograd::{Detail, Tape};
    /// let tape = Tape::new();
    /// let x = tape.var(2.0).named("x");
    /// let s = x.sin().named("s");
    /// let y = (x * s).named("y");
    /// let text = y.derivation([x]).detail(Detail::Steps).to_string();
    /// assert!(text.contains("∂y/∂x = s + ∂y/∂s·∂s/∂x"));
    /// assert!(text.contains("= 0.909297 + 2·(−0.416147) = 0.0770038"));
    /// ```
    ///
    /// # Panics
    /// If `self` has more than one element or no floating-point dtype, or if one of `wrt` is a constant or on another tape.
    #[track_caller]
    pub fn derivation(self, wrt: impl IntoIterator<Item = Var<'t>>) -> Derivation<'t> {
        let asked: Vec<Var<'t>> = wrt.into_iter().listed();
        self.check_derivation(&asked);
        Derivation { output: self, asked, detail: Detail::Fitting, first: 1, entry: None }
    }

    /// As [`derivation`](Var::derivation), with respect to every variable and every unfrozen parameter on the tape that `self`
    /// depends on.
    ///
    /// ```
    /// use autograd::{Params, Tape};
    /// let mut params = Params::f64();
    /// let w = params.scope("layer").param("weight", [2, 1], [0.5, -1.0]);
    /// let tape = Tape::with(&params);
    /// let x = tape.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).named("X");
    /// let loss = x.matmul(w).square().mean();
    /// assert!(loss.derivation_of_all().to_string().contains("∂L/∂W"));
    /// ```
    ///
    /// # Panics
    /// As [`derivation`](Var::derivation).
    #[track_caller]
    pub fn derivation_of_all(self) -> Derivation<'t> {
        let tape = self.tape();
        let leaves: Vec<Var<'t>> = {
            let list = tape.list();
            let can_change = |id: &NodeId| match list.node(*id).op {
                Op::Variable => true,
                Op::Parameter(p) => tape.params().is_some_and(|params| !params.is_frozen(p)),
                _ => false,
            };
            (0..self.id()).filter(can_change).map(|id| Var::new(tape, id)).listed()
        };
        let wrt: Vec<Var<'t>> = leaves.into_iter().filter(|x| self.depends_on(*x)).listed();
        self.derivation(wrt)
    }
}

impl<'t> Derivation<'t> {
    /// How much it says.
    pub fn detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// The number of the first equation; 1 unless this says otherwise.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// assert!(x.exp().derivation([x]).numbered_from(5).to_string().contains("(5)"));
    /// ```
    pub fn numbered_from(mut self, first: usize) -> Self {
        self.first = first;
        self
    }

    /// The entry of a matrix `of` that is written in full, instead of the one with the largest derivative.
    ///
    /// # Panics
    /// If `of` has no such entry.
    #[track_caller]
    pub fn entry(mut self, of: Var<'t>, index: impl Into<crate::Shape>) -> Self {
        let (index, shape) = (index.into(), of.shape());
        if index.len() != shape.len() || index.iter().zip(shape.iter()).any(|(i, n)| i >= n) {
            of.mistake("entry", format!("no entry {index} in {shape}"), "of")
                .rule("an entry has an index for each axis, counted from 0")
                .raise();
        }
        self.entry = Some((of, index.to_vec()));
        self
    }

    /// The derivation in LaTeX, with the package `amsmath`: paragraphs and `align*`.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let latex = x.square().derivation([x]).latex();
    /// assert!(latex.contains(r"\frac{\partial L}{\partial x} &= 2 \cdot x"));
    /// ```
    pub fn latex(&self) -> String {
        self.document().latex()
    }

    /// The derivation in Markdown, with LaTeX between dollar signs.
    pub fn markdown(&self) -> String {
        self.document().markdown()
    }

    /// The derivation as a fragment of HTML with formulas in MathML, which browsers draw without a script.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::new();
    /// let x = tape.var(2.0);
    /// let html = x.sqrt().derivation([x]).mathml();
    /// assert!(html.starts_with("<section class=\"derivation\">") && html.contains("<msqrt>"));
    /// ```
    pub fn mathml(&self) -> String {
        self.document().mathml()
    }

    /// Shows it in a notebook of [evcxr](https://github.com/evcxr/evcxr).
    pub fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT", self.mathml());
    }

    fn document(&self) -> Document {
        let tape = self.output.tape();
        let asked: Vec<NodeId> = self.asked.iter().map(|x| x.id()).listed();
        if tape.list().is_traced() || self.detail == Detail::Formulas || asked.is_empty() {
            let list = tape.list();
            return self.page(Model::new(&list, tape.params(), self.output.id(), &asked), None);
        }
        let segments = Segments::of(&Model::new(&tape.list(), tape.params(), self.output.id(), &asked));
        let start = tape.len();
        // The trap would stop this sweep at a NaN, which the page shall show.
        let trap = std::mem::take(&mut tape.list_mut().trap);
        let numbers = numbers::record(self.output, &self.asked, &segments);
        tape.list_mut().trap = trap;
        let document = {
            let list = tape.list();
            self.page(Model::new(&list, tape.params(), self.output.id(), &asked), Some(&numbers))
        };
        tape.list_mut().truncate(start);
        document
    }

    fn page(&self, model: Model<'_>, numbers: Option<&Numbers>) -> Document {
        let mut page = Page::new(model, numbers, self.first);
        page.entry = self.entry.as_ref().map(|(of, at)| (of.id(), at.clone()));
        match self.chosen(&page) {
            Detail::Full => full::write(&mut page),
            Detail::Overview => overview::write(&mut page),
            _ => match page.rows() {
                Some(rows) => rows::write(&mut page, rows),
                None => steps::write(&mut page),
            },
        }
        page.say_what_is_missing();
        page.finish()
    }

    fn chosen(&self, page: &Page<'_>) -> Detail {
        let can_be_full = || full::is_possible(page);
        match self.detail {
            Detail::Full if can_be_full() => Detail::Full,
            Detail::Full => Detail::Steps,
            Detail::Fitting => {
                let milestones = &page.model.milestones;
                let long = milestones.inner.len() > 12 || milestones.rows.is_some_and(|n| n > 8);
                let wide = milestones.rows.is_some()
                    && milestones
                        .inner
                        .iter()
                        .any(|&id| page.model.shape(id).iter().skip(1).product::<usize>() > page::SHOWN);
                match () {
                    () if long || wide => Detail::Overview,
                    () if page.numbers.is_some() && can_be_full() => Detail::Full,
                    () => Detail::Steps,
                }
            }
            detail => detail,
        }
    }
}

impl fmt::Display for Derivation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document().text())
    }
}
