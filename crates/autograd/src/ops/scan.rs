//! Scan: a body run once for each step, hₜ₊₁, yₜ = f(hₜ, xₜ; c). The body is a list of its own, planned once.
//!
//! The result is one row of numbers: the last carries, the stacked yₜ, sums over the steps, and the carries as they were
//! before each step. A node holds those of one dtype. The derivative of a loop is a loop:
//!
//! * tangents: ḣₜ₊₁, ẏₜ = ∂f(hₜ, xₜ; c)·(ḣₜ, ẋₜ, ċ), with hₜ from the history;
//! * cotangents: h̄ₜ, x̄ₜ, c̄ₜ = (h̄ₜ₊₁, ȳₜ)·∂f(hₜ, xₜ; c), from the last step to the first, and c̄ = Σ c̄ₜ.
//!
//! Source: Griewank & Walther, *Evaluating Derivatives*, 2008, chapters 3 and 12.

mod batch;
mod derive;
mod late;
mod looped;
mod parts;

pub use looped::Group;

use super::bodies::values_of;
use super::prelude::*;
use crate::dtype::Data;
use crate::exec::Repeated;
use crate::ir::{Held, NodeId, Piece, Scan};

impl Rule for Scan {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        if !self.operands().eq(x.iter().copied().cloned()) {
            return Err(Mismatch::new("the operands of a loop are those that its body was recorded for"));
        }
        let elements = self.pieces().iter().map(Piece::elements).fold(0, usize::saturating_add);
        Ok(Meta::new(Shape::from(elements), self.part))
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch::of_each_loop(self, batch)
    }

    fn vjp<'t>(&self, at: &At<'_, 't>, g: Var<'t>, wanted: Wanted<'_>) -> Cotangents<'t> {
        derive::cotangents(self, at, g, wanted)
    }

    fn jvp<'t>(&self, at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        derive::tangents(self, at, t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let body = &*self.body;
        let (carried, read) = (body.ports.carried, body.ports.read);
        let mut steps: Vec<(usize, Vec<Dense>, Vec<Dense>)> = vec![];
        let mut history = vec![x[..carried].to_vec()];
        for t in self.order() {
            let before = history[steps.len()].iter().cloned();
            let of_step = x[carried..carried + read].iter().map(|x| x.entry(t));
            let others = x[carried + read..].iter().cloned();
            let values = values_of(body, before.chain(of_step).chain(others).collect())?;
            let of = |ids: &[NodeId]| ids.iter().map(|&id| values[id as usize].clone()).collect::<Vec<_>>();
            let results = of(&body.results);
            history.push(results[..carried].to_vec());
            steps.push((t, results, of(&body.products)));
        }
        with_type!(self.part, T => {
            let mut row: Vec<T> = vec![];
            for piece in self.pieces() {
                let of = |s: usize| match piece.held {
                    Held::Result(i) => steps[s].1[i].slice::<T>(),
                    Held::History(i) => history[s][i].slice::<T>(),
                    Held::Product(i) => steps[s].2[i].slice::<T>(),
                };
                match piece.held {
                    Held::Result(i) if i < carried => row.extend(history[steps.len()][i].slice::<T>()),
                    Held::Result(i) if i >= carried + body.ports.stacked => {
                        let terms = steps.iter().map(|(_, results, _)| &results[i]);
                        row.extend(sum_of(self.part, terms, piece.elements()).slice::<T>());
                    }
                    _ => {
                        let mut in_order: Vec<usize> = (0..steps.len()).collect();
                        in_order.sort_by_key(|&s| steps[s].0);
                        row.extend(in_order.into_iter().flat_map(of));
                    }
                }
            }
            y.write(row);
        });
        Ok(())
    }

    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        self.body.made(self.history, || Repeated::new(self)).run(self, x, y, room.workers)
    }

    fn needs(&self, _x: &[&Meta], _y: &Meta) -> Needs {
        let repeated = self.body.made(self.history, || Repeated::new(self));
        Needs { shared: repeated.shares_work(), scratch: 0 }
    }
}

/// The sum of floating-point arrays, from the first to the last; zeros if there are none.
fn sum_of<'a>(part: DType, terms: impl Iterator<Item = &'a Dense>, elements: usize) -> Data {
    let mut terms = terms.map(|x| &x.data);
    let Some(first) = terms.next() else { return Data::splat(part, 0.0, elements) };
    let mut sum = first.clone();
    with_float!(part, T => {
        for x in terms {
            sum.slice_mut::<T>().iter_mut().zip(x.slice::<T>()).for_each(|(sum, &x)| *sum += x);
        }
    });
    sum
}

#[cfg(test)]
impl Tested for Scan {
    fn rows() -> Vec<Row> {
        let mut all = vec![
            row("scan of a leaky sum", &[&[4, 3], &[3], &[]], |x| {
                let (last, all) = x[0].tape().scan(4, x[1], x[0], |h, y| {
                    let h = (h * x[2] + y).sin();
                    (h, h * x[1])
                });
                last * all.sum_over(0)
            }),
            row("scan_back of two carries", &[&[3, 2, 2], &[2, 2]], |x| {
                let start = [x[1], x[1].sin()];
                let ([a, b], c) = x[0]
                    .tape()
                    .scan_back(3, start, x[0], |[a, b], y| ([b.matmul(y).tanh(), a * 0.5 + y], a.sum()));
                a.square() + b * c.sum()
            })
            .rounds(),
            row("scan of sums with products", &[&[3, 2, 2], &[2, 2], &[2, 2]], |x| {
                let (last, all) = x[0].tape().scan(3, x[1], x[0], |h, y| {
                    let (p, q) = (h.matmul(x[2]), h.tanh().matmul(y));
                    (((p + q) * 0.3 + y).tanh(), (y.matmul(x[2]) + h) * p)
                });
                last * all.sum_over(0)
            })
            .rounds(),
            row("scan of no steps", &[&[0, 2], &[2]], |x| {
                let (h, y) = x[0].tape().scan(0, x[1], x[0], |h, y| (h * y, h));
                h.exp() + y.sum()
            }),
            row("scan that carries numbers and an index", &[&[3, 4], &[]], |x| {
                let tape = x[0].tape();
                let steps = tape.constant([[2i64], [0], [3]]);
                let carry = vec![x[1], tape.constant([1i64])];
                let (last, ys) = tape.scan(3, carry, vec![x[0], steps], |carry, inputs| {
                    let picked = inputs[0].gather(0, carry[1]).sum();
                    (vec![(carry[0] * picked).cos(), inputs[1]], carry[1].cast(picked.dtype()) * picked)
                });
                last[0] * ys.sum() + last[1].cast(ys.dtype()).sum()
            }),
            row("scan within a scan", &[&[2, 3], &[]], |x| {
                let (h, _) = x[0].tape().scan(2, x[1], x[0], |h, xs| {
                    let (h, ys) = h.tape().scan(3, h, xs, |h, y| ((h * y).tanh() + x[1], h));
                    (h + ys.sum(), ())
                });
                h
            }),
            row("while_loop", &[&[2], &[]], |x| {
                let start = [x[0], x[1].sigmoid()];
                let [a, b] = x[0].tape().while_loop(6, start, |[_, b]| b.lt(1.4), |[a, b]| [a * b, b + 0.3]);
                a + b
            }),
        ];
        all.push(
            row("scan of products", &[&[3, 150, 200], &[200, 200]], |x| {
                let first = x[0].index(0, 0);
                x[0].tape().scan(3, first, x[0], |h, y| ((h.matmul(x[1]) * 0.01 + y).tanh(), ())).0
            })
            .large(),
        );
        // In the derivative each step multiplies by the transpose of x[1], which a run turns once.
        all.push(
            row("scan of products by a square", &[&[3, 24, 40], &[40, 40]], |x| {
                let first = x[0].index(0, 0);
                let step = x[0].tape().scan(3, first, x[0], |h, y| {
                    ((h.matmul(x[1]) * 0.1 + y).tanh().matmul(x[1].t()) * 0.1, ())
                });
                step.0
            })
            .large(),
        );
        all
    }
}
