//! What minimisers ask of a function: its value and gradient at a point, and products with its curvature. Each is a program, which
//! is recorded once.

use super::error::{MinimizeError, check_finite};
use super::vectors::largest;
use autograd::{DType, Float, Mistake, Params, Program, ProgramError, Run, State, Tape, Var, transform};
use std::cell::RefCell;
use std::ops::Range;

/// What records a function of parameters.
pub(crate) type Recorded<'a> = dyn for<'t> Fn(&'t Tape<'t>) -> Var<'t> + 'a;

/// What records a function of one element.
pub(crate) type Loss<'a> = dyn for<'t> Fn(&'t Tape<'t>, &Leaves<'t>) -> Var<'t> + 'a;

/// What records the product of a matrix with a vector, at the parameters.
pub(crate) type Product<'a> = dyn for<'t> Fn(&'t Tape<'t>, &Leaves<'t>, Var<'t>) -> Var<'t> + 'a;

/// A function of what a model gives.
pub(crate) type OfOutputs<'a> = dyn for<'t> Fn(Var<'t>) -> Var<'t> + 'a;

/// ½·Σ rᵢ².
pub(crate) fn half_squares(r: Var<'_>) -> Var<'_> {
    0.5 * r.square().sum()
}

/// A point with the value and the gradient there.
#[derive(Clone, Debug)]
pub struct Point {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
    /// The largest |∂f/∂xᵢ|.
    pub(crate) norm: f64,
}

impl Point {
    pub(crate) fn is_finite(&self) -> bool {
        self.value.is_finite() && self.norm.is_finite()
    }

    /// Whether it is closer to a minimum than another point. Where values differ by rounding only, gradients decide.
    pub(crate) fn improves(&self, on: &Point) -> bool {
        self.is_finite() && (self.value < on.value || self.norm < on.norm)
    }
}

/// The parameters that are not frozen, as one vector.
pub(crate) struct Leaves<'t>(Vec<Var<'t>>);

impl<'t> Leaves<'t> {
    fn of(tape: &'t Tape<'t>, params: &Params) -> Self {
        Leaves(params.iter().filter(|&p| !params.is_frozen(p)).map(|p| tape.param(p)).collect())
    }

    pub(crate) fn vector(&self) -> Var<'t> {
        flat(&self.0)
    }

    /// The gradient of a number.
    pub(crate) fn gradient(&self, y: Var<'t>) -> Var<'t> {
        flat(&y.grads(&self.0))
    }

    /// uᵀ·∂y.
    pub(crate) fn vjp(&self, y: Var<'t>, u: Var<'t>) -> Var<'t> {
        flat(&y.vjp(u, &self.0))
    }

    /// ∂y·v.
    pub(crate) fn jvp(&self, y: Var<'t>, v: Var<'t>) -> Var<'t> {
        let mut begin = 0;
        let piece = |x: &Var<'t>| {
            let range = begin..begin + x.shape().elements();
            begin = range.end;
            v.slice(0, range).reshape(x.shape())
        };
        let tangents: Vec<Var<'t>> = self.0.iter().map(piece).collect();
        y.jvp(&self.0, &tangents)
    }
}

fn flat<'t>(parts: &[Var<'t>]) -> Var<'t> {
    let flat: Vec<Var<'t>> = parts.iter().map(|x| x.reshape([x.shape().elements()])).collect();
    Var::concat(&flat, 0)
}

/// A function of the parameters of a model, to be minimised by those that are not frozen.
#[derive(Debug)]
pub struct Problem<'p> {
    params: &'p mut Params,
    /// Where they lie in the slab.
    ranges: Vec<Range<usize>>,
    value: Traced,
    product: Option<Traced>,
    pub(crate) evaluations: usize,
}

#[derive(Debug)]
struct Traced {
    program: Program,
    state: State,
}

impl Traced {
    fn of(program: Program) -> Self {
        Traced { state: program.state(), program }
    }
}

impl<'p> Problem<'p> {
    /// Of a function of one element, and the product that stands for its curvature.
    #[track_caller]
    pub(crate) fn new(
        params: &'p mut Params,
        loss: &Loss<'_>,
        product: Option<&Product<'_>>,
    ) -> Result<Self, MinimizeError> {
        let trained = params.iter().filter(|&p| !params.is_frozen(p));
        let ranges: Vec<Range<usize>> = trained.map(|p| params.range(p)).collect();
        if ranges.is_empty() {
            let expected = "at least one that is not frozen".to_owned();
            return Err(MinimizeError::Shape { what: "parameters", given: [0].into(), expected });
        }
        let value = Traced::of(value_and_gradient(params, loss)?);
        let n: usize = ranges.iter().map(Range::len).sum();
        let product = product.map(|product| {
            Program::trace(params, |t| {
                let v = t.input_of("v", params.dtype(), [n]);
                t.outputs(product(t, &Leaves::of(t, params), v))
            })
        });
        let product = product.transpose()?.map(Traced::of);
        Ok(Problem { params, ranges, value, product, evaluations: 0 })
    }

    /// Of a function of one element, with its Hessian.
    #[track_caller]
    pub(crate) fn with_hessian(params: &'p mut Params, f: &Recorded<'_>) -> Result<Self, MinimizeError> {
        Problem::new(params, &|t, _| f(t), Some(&|t, w, v| w.jvp(w.gradient(f(t)), v)))
    }

    /// Of a loss of what a function gives, with the generalised Gauss–Newton matrix.
    #[track_caller]
    pub(crate) fn of_outputs(
        params: &'p mut Params,
        f: &Recorded<'_>,
        loss: &OfOutputs<'_>,
    ) -> Result<Self, MinimizeError> {
        let product: &Product<'_> = &|t, w, v| {
            let z = f(t);
            w.vjp(z, transform::hvp(loss)(z, w.jvp(z, v)))
        };
        Problem::new(params, &|t, _| loss(f(t)), Some(product))
    }

    /// ½·xᵀAx − bᵀx of the product A·x that a function gives.
    #[track_caller]
    pub(crate) fn quadratic(
        params: &'p mut Params,
        f: &Recorded<'_>,
        b: &[f64],
    ) -> Result<Self, MinimizeError> {
        let (n, dtype) = (b.len(), params.dtype());
        let loss: &Loss<'_> = &|t, w| {
            let b = t.constant(b).cast(dtype);
            w.vector().dot(0.5 * f(t).reshape([n]) - b)
        };
        Problem::new(params, loss, Some(&|t, w, v| w.jvp(w.gradient(loss(t, w)), v)))
    }

    /// The parameters as they are.
    pub(crate) fn start(&self) -> Result<Vec<f64>, MinimizeError> {
        fn read<T: Float>(params: &Params, ranges: &[Range<usize>]) -> Vec<f64> {
            let slab = params.slab_of::<T>();
            ranges.iter().flat_map(|range| slab[range.clone()].iter().map(|x| x.to_f64())).collect()
        }
        let start = match self.params.dtype() {
            DType::F32 => read::<f32>(self.params, &self.ranges),
            _ => read::<f64>(self.params, &self.ranges),
        };
        check_finite("start", &start)?;
        Ok(start)
    }

    /// Writes a point to the parameters.
    pub(crate) fn set(&mut self, x: &[f64]) {
        fn write<T: Float>(params: &mut Params, ranges: &[Range<usize>], x: &[f64]) {
            let (slab, mut x) = (params.slab_mut::<T>(), x.iter());
            for range in ranges {
                slab[range.clone()].iter_mut().zip(&mut x).for_each(|(w, &x)| *w = T::from_f64(x));
            }
        }
        match self.params.dtype() {
            DType::F32 => write::<f32>(self.params, &self.ranges, x),
            _ => write::<f64>(self.params, &self.ranges, x),
        }
    }

    pub(crate) fn evaluate(&mut self, x: Vec<f64>) -> Result<Point, MinimizeError> {
        self.set(&x);
        self.evaluations += 1;
        let run = self.value.program.run(&mut self.value.state, self.params, ())?;
        let (value, gradient) = (run.item(0), numbers(&run, 1, self.params.dtype()));
        Ok(Point { x, value, norm: largest(&gradient), gradient })
    }

    /// The product of the curvature at a point with a vector.
    pub(crate) fn product(&mut self, x: &[f64], v: &[f64]) -> Result<Vec<f64>, MinimizeError> {
        self.set(x);
        let Traced { program, state } = self.product.as_mut().expect("a method that asks for it traces it");
        let dtype = self.params.dtype();
        let run = match dtype {
            DType::F32 => {
                let v: Vec<f32> = v.iter().map(|&v| v as f32).collect();
                program.run(state, self.params, (&v,))?
            }
            _ => program.run(state, self.params, (&v,))?,
        };
        Ok(numbers(&run, 0, dtype))
    }
}

fn numbers(run: &Run<'_>, output: usize, dtype: DType) -> Vec<f64> {
    match dtype {
        DType::F32 => run.slice::<f32>(output).iter().map(|&x| x.into()).collect(),
        _ => run.slice::<f64>(output).to_vec(),
    }
}

/// A mistake in what was recorded is kept until the trace is over, so that the panic points at the caller.
#[track_caller]
fn value_and_gradient(params: &Params, loss: &Loss<'_>) -> Result<Program, ProgramError> {
    let wrong = RefCell::new(None);
    let program = Program::trace(params, |t| {
        let leaves = Leaves::of(t, params);
        let y = loss(t, &leaves);
        if y.shape().elements() != 1 {
            *wrong.borrow_mut() = Some(y.describe());
            return t.outputs(y);
        }
        t.outputs([y, leaves.gradient(y)])
    });
    if let Some(described) = wrong.take() {
        Mistake::new("minimize: the function gives more than one number")
            .line("f", described)
            .rule("a loss is one number; least squares take residuals, and add up their squares")
            .hint("`.sum()` or `.mean()`")
            .raise();
    }
    program
}
