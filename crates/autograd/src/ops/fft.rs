//! Fft: the discrete Fourier transform along an axis of complex numbers, yₖ = Σ xⱼ·e^(∓2πi·jk/n), without a factor. The
//! numbers are pairs of a real and an imaginary part, which are the last axis.
//!
//! Linear: ẏ = Fẋ, and the adjoint is the transform with the other sign.

use super::lines::Lines;
use super::prelude::*;
use crate::ir::{Fft, FftPlan};
use crate::math;
use crate::number::Num;

impl Fft {
    /// The transform of x along an axis, without checks.
    #[track_caller]
    pub(crate) fn record(x: Var<'_>, axis: Axis, inverse: bool) -> Var<'_> {
        let length = x.shape().get(usize::from(axis)).copied().unwrap_or(0);
        record(Fft { axis, inverse, plan: FftPlan::of(length, inverse) }, &[x])
    }

    /// The lines along the axis, of pairs.
    fn lines(&self, shape: &[usize]) -> Lines {
        Lines::of(&shape[..shape.len() - 1], self.axis)
    }
}

impl Rule for Fft {
    fn infer(&self, x: &[&Meta]) -> Result<Meta, Mismatch> {
        require_float(x)?;
        let shape = &x[0].shape;
        if shape.last() != Some(&2) {
            let last = Clash::Axis(0, shape.len().saturating_sub(1));
            let mismatch = Mismatch::new("the last axis holds a real and an imaginary part")
                .hint("`rfft` takes real numbers");
            return Err(if shape.is_empty() { mismatch } else { mismatch.clash([last]) });
        }
        if usize::from(self.axis) + 1 >= shape.len() {
            return Err(Mismatch::new("the transform is along an axis before that of the two parts"));
        }
        Ok(x[0].clone())
    }

    fn batch<'t>(&self, batch: &Batch<'_, 't>) -> Var<'t> {
        batch.record(Fft { axis: self.axis + 1, ..self.clone() })
    }

    fn vjp<'t>(&self, _at: &At<'_, 't>, g: Var<'t>, _wanted: Wanted<'_>) -> Cotangents<'t> {
        only(Fft::record(g, self.axis, !self.inverse))
    }

    fn jvp<'t>(&self, _at: &At<'_, 't>, t: &[Option<Var<'t>>]) -> Option<Var<'t>> {
        linear(self.clone(), t)
    }

    fn reference(&self, x: &[Dense], y: Fill<'_>) -> Result<(), Fault> {
        let lines = self.lines(y.shape);
        let n = lines.length;
        let turn = if self.inverse { 2.0 } else { -2.0 } * std::f64::consts::PI / n as f64;
        // e^(∓2πi·m/n), to be read at jk modulo n.
        let waves: Vec<[f64; 2]> = (0..n)
            .map(|m| Num(turn * m as f64))
            .map(|angle| [math::cos(angle).0, math::sin(angle).0])
            .collect();
        with_float!(y.dtype(), T => {
            let x = x[0].slice::<T>();
            let y = y.slice::<T>();
            for start in lines.starts() {
                let at = |k: usize| 2 * (start + k * lines.step);
                for k in 0..n {
                    let mut sum = [0.0, 0.0];
                    for j in 0..n {
                        let ([c, s], [a, b]) = (waves[j * k % n], [0, 1].map(|part| x[at(j) + part].to_f64()));
                        sum = [sum[0] + (a * c - b * s), sum[1] + (a * s + b * c)];
                    }
                    y[at(k)] = T::from_f64(sum[0]);
                    y[at(k) + 1] = T::from_f64(sum[1]);
                }
            }
        });
        Ok(())
    }

    /// In double precision, also for `F32`.
    #[cfg(feature = "fft")]
    fn kernel(&self, x: &[Strided<'_>], y: Fill<'_>, room: &mut Room<'_>) -> Result<(), Fault> {
        use rustfft::num_complex::Complex;
        let lines = self.lines(y.shape);
        let n = lines.length;
        if y.shape.elements() == 0 {
            return Ok(());
        }
        with_float!(y.dtype(), T => {
            let x = super::lines::contiguous::<T>(&x[0]);
            let mut all = Vec::with_capacity(x.len() / 2);
            for start in lines.starts() {
                for k in 0..n {
                    let at = 2 * (start + k * lines.step);
                    all.push(Complex::new(x[at].to_f64(), x[at + 1].to_f64()));
                }
            }
            room.workers.each_chunk(&mut all, n * lines_of_task(n), |_, lines| self.plan.transform.process(lines));
            let y = y.slice::<T>();
            let mut all = all.into_iter();
            for start in lines.starts() {
                for (k, value) in (0..n).zip(&mut all) {
                    let at = 2 * (start + k * lines.step);
                    y[at] = T::from_f64(value.re);
                    y[at + 1] = T::from_f64(value.im);
                }
            }
        });
        Ok(())
    }

    #[cfg(feature = "fft")]
    fn needs(&self, _x: &[&Meta], y: &Meta) -> Needs {
        let n = y.shape[usize::from(self.axis)];
        Needs { shared: y.shape.elements() > 2 * n * lines_of_task(n), ..Needs::default() }
    }
}

/// So many lines take some tens of microseconds.
#[cfg(feature = "fft")]
fn lines_of_task(n: usize) -> usize {
    (4096 / n.max(1)).max(1)
}

#[cfg(test)]
impl Tested for Fft {
    fn rows() -> Vec<Row> {
        fn fft(x: Var<'_>, axis: u8) -> Var<'_> {
            Fft::record(x, axis, false)
        }
        let shapes: &[&[usize]] = &[&[6, 3, 2], &[1, 1, 2], &[0, 3, 2], &[5, 0, 2]];
        let mut all = rows("fft along the first", shapes, |x| fft(x.sin(), 0).square());
        all.extend(rows("fft along the second", shapes, |x| fft(x, 1).sin()));
        all.extend(rows("inverse fft", &[&[7, 2]], |x| Fft::record(x.sin(), 0, true)));
        all.extend(rows("fft of a transpose", &[&[2, 5]], |x| fft(x.t(), 0).square()));
        all.extend(rows("fft of a broadcast", &[&[1, 2]], |x| fft(x.broadcast_to([4, 2]), 0).sin()));
        all.extend(large("fft", &[&[250, 40, 2]], |x| fft(x.sin(), 1) * 0.1));
        all.into_iter().map(Row::rounds).collect()
    }
}
