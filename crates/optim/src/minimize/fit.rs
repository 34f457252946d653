//! Curves through data.

use super::dense::{cholesky, forward, inverse};
use super::error::{MinimizeError, check_finite};
use super::levenberg::{LevenbergMarquardt, levenberg_marquardt, normal_matrix};
use super::minimizer::{Minimizer, Minimum};
use super::problem::{Problem, Recorded, half_squares};
use autograd::ndarray::Array2;
use autograd::{Mistake, Params, Program, Shape, Tape, ToTensor, Var};

/// A curve that was fitted to data.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fit {
    /// The parameters.
    pub parameters: Vec<f64>,
    /// Their covariance; infinite where the data do not determine all of them, as SciPy has it.
    pub covariance: Array2<f64>,
    /// How it was found. Its value is ½·Σ rᵢ².
    pub minimum: Minimum,
}

impl Fit {
    /// The standard deviations of the parameters: the roots of the diagonal of the covariance.
    pub fn errors(&self) -> Vec<f64> {
        self.covariance.diag().iter().map(|variance| variance.sqrt()).collect()
    }
}

/// The curve f(x, p) through data (x, y): the parameters p for which Σ (f(xᵢ, p) − yᵢ)² is least, by
/// [`levenberg_marquardt`](super::levenberg_marquardt()), and their covariance s²·(JᵀJ)⁻¹, s² = Σ rᵢ² / (m − n), as of
/// `scipy.optimize.curve_fit`.
///
/// x may have any shape; f gives as many numbers as y has. Derivatives are exact. [`CurveFit`] has errors of the data.
///
/// ```
/// use optim::minimize::curve_fit;
/// let (t, y) = ([0.0, 1.0, 2.0, 3.0, 4.0], [3.1, 1.9, 1.2, 0.9, 0.7]);
/// let fit = curve_fit(
///     |t, p| p.index(0, 0) * (-p.index(0, 1) * t).exp() + p.index(0, 2),
///     t,
///     y,
///     [1.0, 1.0, 0.0],
/// )?;
/// let [height, rate, floor] = fit.parameters[..] else { unreachable!() };
/// println!("{height:.2} {rate:.2} {floor:.2} ± {:.2?}", fit.errors());
/// assert!((height - 2.612).abs() < 1e-3 && (rate - 0.632).abs() < 1e-3 && (floor - 0.492).abs() < 1e-3);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
///
/// # Errors
/// If x, y and the start are not finite, there are fewer data than parameters, or f is not finite at the start.
///
/// # Panics
/// If f gives another number of elements than y has, and where recording does.
#[track_caller]
pub fn curve_fit(
    f: impl for<'t> Fn(Var<'t>, Var<'t>) -> Var<'t>,
    x: impl ToTensor<Elem = f64>,
    y: impl ToTensor<Elem = f64>,
    start: impl ToTensor<Elem = f64>,
) -> Result<Fit, MinimizeError> {
    CurveFit::new().run(f, x, y, start)
}

/// [`curve_fit`] with errors of the data, or other settings of the minimiser.
///
/// ```
/// use optim::minimize::CurveFit;
/// let (x, y) = ([0.0, 1.0, 2.0], [1.0, 3.0, 6.0]);
/// let fit = CurveFit::new()
///     .sigma([0.1, 0.1, 0.2])
///     .absolute_sigma(true)
///     .run(|x, p| p.index(0, 0) * x + p.index(0, 1), x, y, [1.0, 0.0])?;
/// assert!((fit.parameters[0] - 7.0 / 3.0).abs() < 1e-10 && (fit.errors()[0] - 0.1).abs() < 1e-10);
/// # Ok::<(), optim::minimize::MinimizeError>(())
/// ```
#[derive(Debug)]
pub struct CurveFit<'a> {
    minimizer: Minimizer<'a, LevenbergMarquardt>,
    sigma: Option<Given>,
    absolute: bool,
}

impl Default for CurveFit<'_> {
    fn default() -> Self {
        CurveFit { minimizer: levenberg_marquardt(), sigma: None, absolute: false }
    }
}

impl<'a> CurveFit<'a> {
    /// As [`curve_fit`].
    pub fn new() -> Self {
        CurveFit::default()
    }

    /// The same with errors of y: a standard deviation for all, \[\], or for each, \[m\], or their covariance, \[m, m\].
    pub fn sigma(mut self, sigma: impl ToTensor<Elem = f64>) -> Self {
        self.sigma = Some(Given::of(&sigma));
        self
    }

    /// The same with errors that are known as they are: the covariance is (JᵀJ)⁻¹. Otherwise only their ratios count.
    pub fn absolute_sigma(mut self, absolute: bool) -> Self {
        self.absolute = absolute;
        self
    }

    /// The same with another minimiser.
    pub fn minimizer(mut self, minimizer: Minimizer<'a, LevenbergMarquardt>) -> Self {
        self.minimizer = minimizer;
        self
    }

    /// Fits a curve.
    ///
    /// # Errors
    /// As [`curve_fit`], and if errors are not above 0, or a covariance is not positive definite.
    ///
    /// # Panics
    /// As [`curve_fit`].
    #[track_caller]
    pub fn run(
        self,
        f: impl for<'t> Fn(Var<'t>, Var<'t>) -> Var<'t>,
        x: impl ToTensor<Elem = f64>,
        y: impl ToTensor<Elem = f64>,
        start: impl ToTensor<Elem = f64>,
    ) -> Result<Fit, MinimizeError> {
        let (x, y, start) =
            (Given::checked("x", &x)?, Given::checked("y", &y)?, Given::checked("start", &start)?);
        let (m, n) = (y.values.len(), start.values.len());
        if m < n {
            let expected = format!("at least {n} numbers, as many as there are parameters");
            return Err(MinimizeError::Shape { what: "y", given: y.shape, expected });
        }
        let weights = self.sigma.map(|sigma| sigma.weights(m)).transpose()?;
        let mut params = Params::f64();
        let p = params.scope("").param("p", start.shape, &start.values[..]);
        let curve: &Recorded<'_> = &|t| f(x.on(t), t.param(p));
        let traced = Program::trace(&params, |t| t.outputs(curve(t)))?;
        let (_, given, _) = traced.outputs().next().expect("it has one output");
        if given.elements() != m {
            Mistake::new(format!("curve_fit: f gives {given}, y has {}", y.shape))
                .rule("f gives a number for each of y")
                .hint("parameters are numbers beside x: `p.index(0, 0) * x`")
                .raise();
        }
        let residuals: &Recorded<'_> = &|t| {
            let r = curve(t).reshape([m]) - y.on(t).reshape([m]);
            match &weights {
                None => r,
                Some(w) if w.shape.len() == 2 => w.on(t).matmul(r),
                Some(w) => w.on(t) * r,
            }
        };
        let mut problem = Problem::of_outputs(&mut params, residuals, &half_squares)?;
        let minimum = self.minimizer.run_problem(&mut problem)?;
        let scale = match (self.absolute, m - n) {
            (true, _) => 1.0,
            (_, 0) => f64::INFINITY,
            (_, free) => 2.0 * minimum.value / free as f64,
        };
        let inverse = inverse(&normal_matrix(&mut problem, &minimum.x)?, n);
        let inverse = inverse.filter(|_| scale.is_finite());
        let covariance = match inverse {
            Some(inverse) => inverse.iter().map(|c| c * scale).collect(),
            None => vec![f64::INFINITY; n * n],
        };
        let covariance = Array2::from_shape_vec((n, n), covariance).expect("it has n rows of n");
        Ok(Fit { parameters: minimum.x.clone(), covariance, minimum })
    }
}

/// Numbers that were given.
#[derive(Debug)]
struct Given {
    shape: Shape,
    values: Vec<f64>,
}

impl Given {
    fn of(tensor: &impl ToTensor<Elem = f64>) -> Self {
        let mut values = vec![];
        tensor.write_to(&mut values);
        Given { shape: tensor.shape(), values }
    }

    fn checked(what: &'static str, tensor: &impl ToTensor<Elem = f64>) -> Result<Self, MinimizeError> {
        let given = Given::of(tensor);
        check_finite(what, &given.values)?;
        Ok(given)
    }

    fn on<'t>(&self, tape: &'t Tape<'t>) -> Var<'t> {
        tape.constant(&self.values[..]).reshape(self.shape.clone())
    }

    /// What residuals are multiplied by, where these are their errors: 1/σ, or the inverse of the Cholesky factor of a covariance.
    fn weights(self, m: usize) -> Result<Given, MinimizeError> {
        let Given { shape, values } = self;
        check_finite("sigma", &values)?;
        if shape[..] == [m, m] && m > 0 {
            let Some(l) = cholesky(&values, m) else {
                let expected = "a covariance, which is positive definite".to_owned();
                return Err(MinimizeError::Shape { what: "sigma", given: shape, expected });
            };
            let mut columns = vec![0.0; m * m];
            for (i, column) in columns.chunks_exact_mut(m).enumerate() {
                column[i] = 1.0;
                forward(&l, column);
            }
            let values = (0..m * m).map(|k| columns[k % m * m + k / m]).collect();
            return Ok(Given { shape, values });
        }
        if !shape.is_empty() && shape[..] != [m] {
            let expected = format!("[], [{m}] or [{m}×{m}]");
            return Err(MinimizeError::Shape { what: "sigma", given: shape, expected });
        }
        if let Some(element) = values.iter().position(|&sigma| sigma <= 0.0) {
            let (what, value, expected) = ("sigma", values[element], "above 0");
            return Err(MinimizeError::Number { what, element, value, expected });
        }
        Ok(Given { shape, values: values.iter().map(|sigma| 1.0 / sigma).collect() })
    }
}
