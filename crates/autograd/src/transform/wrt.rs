//! Derivatives by many things at once: variables, all parameters, or those of a part of a model.

use super::apart;
use crate::mistake::Mistake;
use crate::tape::Tape;
use crate::var::Var;

/// What is differentiated by: some variables, or the parameters that a tape reads, all or those of a scope.
///
/// The transformations of functions differentiate by arguments. Parameters are no arguments: layers read them by their handles. So
/// here stand the same derivatives of a value that was computed, by all that was chosen, in order.
///
/// ```
/// use autograd::{Params, Tape, transform::Wrt};
/// let mut params = Params::f64();
/// let mut net = params.scope("net");
/// let (w, b) = (net.param("w", [2], [1.0, 2.0]), net.param("b", [], 0.5));
/// let tape = Tape::with(&params);
/// let y = tape.param(w).square().sum() * tape.param(b);
/// let all = Wrt::parameters(&tape);
/// assert_eq!(all.grad(y)[0].to_vec::<f64>(), [1.0, 2.0]); // 2·w·b
/// assert_eq!(Wrt::scope(&tape, "net.b").grad(y)[0].item(), 5.0);
/// let along = [tape.constant([1.0, 0.0]), tape.constant(1.0)];
/// assert_eq!(all.jvp(y, &along).item(), 6.0);
/// assert_eq!(all.hvp(y, &along)[0].to_vec::<f64>(), [3.0, 4.0]); // 2·(v·b + w·v_b)
/// ```
#[derive(Clone, Debug)]
pub struct Wrt<'t>(Vec<Var<'t>>);

impl<'t> Wrt<'t> {
    /// These variables.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn variables(x: &[Var<'t>]) -> Wrt<'t> {
        if x.is_empty() {
            Mistake::new("wrt: no variables").rule("there is something to differentiate by").raise();
        }
        Wrt(x.to_vec())
    }

    /// All parameters that are not frozen, in order of creation.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn parameters(tape: &'t Tape<'t>) -> Wrt<'t> {
        Wrt::named(tape, None)
    }

    /// The parameters of a scope such as `net.0` that are not frozen, or the one of this name.
    ///
    /// # Panics
    /// If there are none: the name may be misspelt.
    #[track_caller]
    pub fn scope(tape: &'t Tape<'t>, scope: &str) -> Wrt<'t> {
        Wrt::named(tape, Some(scope))
    }

    #[track_caller]
    fn named(tape: &'t Tape<'t>, scope: Option<&str>) -> Wrt<'t> {
        let is_in = |name: &str| match scope {
            Some(scope) => {
                name.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
            None => true,
        };
        let params = tape.params();
        let all = params.into_iter().flat_map(|params| {
            params.iter().filter(|&p| !params.is_frozen(p) && is_in(params.name(p))).collect::<Vec<_>>()
        });
        let all: Vec<Var<'t>> = all.map(|p| tape.param(p)).collect();
        if all.is_empty() {
            let what = scope.map_or("the tape has".to_owned(), |scope| format!("`{scope}` has"));
            Mistake::new(format!("wrt: {what} no parameters that are trained"))
                .rule("there is something to differentiate by")
                .hint(
                    "`Tape::with(&params)` makes a tape that reads them; `params.name(…)` tells their names",
                )
                .raise();
        }
        Wrt(all)
    }

    /// The variables.
    pub fn members(&self) -> &[Var<'t>] {
        &self.0
    }

    /// ∂y/∂x for each x, for y of one element.
    ///
    /// # Panics
    /// As [`Var::grad`].
    #[track_caller]
    pub fn grad(&self, y: Var<'t>) -> Vec<Var<'t>> {
        y.grads(&self.0)
    }

    /// uᵀ·∂y/∂x for each x.
    ///
    /// # Panics
    /// As [`Var::vjp`].
    #[track_caller]
    pub fn vjp(&self, y: Var<'t>, cotangent: Var<'t>) -> Vec<Var<'t>> {
        y.vjp(cotangent, &self.0)
    }

    /// Σ ∂y/∂x·v, one tangent for each x.
    ///
    /// # Panics
    /// As [`Var::jvp`].
    #[track_caller]
    pub fn jvp(&self, y: Var<'t>, tangents: &[Var<'t>]) -> Var<'t> {
        y.jvp(&self.0, tangents)
    }

    /// The product of the Hessian of y, which has one element, with one tangent for each x: forward over back, and no Hessian is made.
    ///
    /// # Panics
    /// As [`Var::grad`] and [`Var::jvp`].
    #[track_caller]
    pub fn hvp(&self, y: Var<'t>, tangents: &[Var<'t>]) -> Vec<Var<'t>> {
        self.grad(y).into_iter().map(|g| g.jvp(&self.0, tangents)).collect()
    }

    /// All ∂y/∂x, of the shape \[…y, …x\] for each x: by a sweep back for each element of y, or forward for each of all x.
    ///
    /// ```
    /// # use autograd::{Tape, transform::Wrt};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0, 2.0]), tape.var(3.0));
    /// let [da, db] = Wrt::variables(&[a, b]).jacobian(a * b)[..] else { unreachable!() };
    /// assert_eq!((da.to_vec::<f64>(), db.to_vec::<f64>()), (vec![3.0, 0.0, 0.0, 3.0], vec![1.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// If y is no floating-point number.
    #[track_caller]
    pub fn jacobian(&self, y: Var<'t>) -> Vec<Var<'t>> {
        let elements: usize = self.0.iter().map(|x| x.shape().elements()).sum();
        let rows = y.shape().elements();
        if elements < rows {
            return self.0.iter().map(|x| super::columns(y, *x)).collect();
        }
        super::rows(y, &self.0)
    }

    /// All ∂²y/∂xᵢ∂xⱼ of y of one element: the blocks by i, then by j, each of the shape \[…xᵢ, …xⱼ\].
    ///
    /// ```
    /// # use autograd::{Tape, transform::Wrt};
    /// let tape = Tape::new();
    /// let (a, b) = (tape.var([1.0, 2.0]), tape.var(3.0));
    /// let blocks = Wrt::variables(&[a, b]).hessian((a.square() * b).sum());
    /// assert_eq!(blocks[0][0].to_vec::<f64>(), [6.0, 0.0, 0.0, 6.0]);
    /// assert_eq!(blocks[0][1].to_vec::<f64>(), blocks[1][0].to_vec::<f64>());
    /// assert_eq!(blocks[1][1].item(), 0.0);
    /// ```
    ///
    /// # Panics
    /// As [`Var::grad`].
    #[track_caller]
    pub fn hessian(&self, y: Var<'t>) -> Vec<Vec<Var<'t>>> {
        self.grad(y).into_iter().map(|g| self.jacobian(g)).collect()
    }

    /// All elements of one value for each x as a vector, in order.
    ///
    /// # Panics
    /// If there are not as many values.
    #[track_caller]
    pub fn flat(&self, values: &[Var<'t>]) -> Var<'t> {
        if values.len() != self.0.len() {
            Mistake::new(format!("wrt: {} values for {} variables", values.len(), self.0.len()))
                .rule("each variable has one")
                .raise();
        }
        let flat: Vec<Var<'t>> = values.iter().map(|x| x.reshape([x.shape().elements()])).collect();
        Var::concat(&flat, 0)
    }

    /// The parts of a vector as values of the shape of each x: the inverse of [`flat`](Wrt::flat).
    ///
    /// ```
    /// # use autograd::{Tape, transform::Wrt};
    /// let tape = Tape::new();
    /// let all = Wrt::variables(&[tape.var([1.0, 2.0]), tape.var(3.0)]);
    /// let v = all.flat(all.members());
    /// assert_eq!(v.to_vec::<f64>(), [1.0, 2.0, 3.0]);
    /// assert_eq!(all.split(v)[1].item(), 3.0);
    /// ```
    ///
    /// # Panics
    /// If it is no vector of as many elements.
    #[track_caller]
    pub fn split(&self, vector: Var<'t>) -> Vec<Var<'t>> {
        let elements: usize = self.0.iter().map(|x| x.shape().elements()).sum();
        if vector.shape()[..] != [elements] {
            Mistake::new(format!("wrt: {} for {elements} elements", vector.shape()))
                .line("vector", vector.describe())
                .rule("a vector has all elements of all variables")
                .raise();
        }
        let mut begin = 0;
        let part = |x: &Var<'t>| {
            let range = begin..begin + x.shape().elements();
            begin = range.end;
            vector.slice(0, range).reshape(x.shape())
        };
        self.0.iter().map(part).collect()
    }
}

/// The Jacobians of a function of several variables by each of them, of the shape \[…f, …x\].
///
/// ```
/// use autograd::{Tape, transform::jacobians};
/// let tape = Tape::new();
/// let [da, db] = jacobians(|[a, b]| a * b)([tape.var([1.0, 2.0]), tape.var(3.0)]);
/// assert_eq!((da.to_vec::<f64>(), db.to_vec::<f64>()), (vec![3.0, 0.0, 0.0, 3.0], vec![1.0, 2.0]));
/// ```
///
/// # Panics
/// As that of [`jacobian`](super::jacobian).
pub fn jacobians<'t, const N: usize>(
    f: impl Fn([Var<'t>; N]) -> Var<'t>,
) -> impl Fn([Var<'t>; N]) -> [Var<'t>; N] {
    move |x| {
        let x = x.map(apart);
        let all = Wrt::variables(&x).jacobian(f(x));
        std::array::from_fn(|i| all[i])
    }
}
