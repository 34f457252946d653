//! Scopes of names, in which parameters are made.

use super::{Param, Params};
use crate::mistake::Mistake;
use crate::pages::can_be_had;
use crate::shape::Shape;
use crate::text::scaled;

/// The initial values of a parameter: plain numbers, or an initialiser that draws them.
pub trait Initial {
    /// The values, row-major, one per element of `shape`. `name` is the full name and, with `seed`, picks the
    /// stream of random numbers.
    fn values(&self, name: &str, shape: &[usize], seed: u64) -> Vec<f64>;
}

/// Every element is this number.
impl Initial for f64 {
    fn values(&self, _name: &str, shape: &[usize], _seed: u64) -> Vec<f64> {
        vec![*self; shape.iter().product()]
    }
}

/// The given numbers.
impl<const N: usize> Initial for [f64; N] {
    fn values(&self, _name: &str, _shape: &[usize], _seed: u64) -> Vec<f64> {
        self.to_vec()
    }
}

/// The given numbers.
impl Initial for &[f64] {
    fn values(&self, _name: &str, _shape: &[usize], _seed: u64) -> Vec<f64> {
        self.to_vec()
    }
}

/// A scope of names in which layers make their parameters.
///
/// ```
/// use autograd::Params;
/// let mut params = Params::f32();
/// let mut net = params.scope("net");
/// let bias = net.scope("0").param("bias", [3], 0.0);
/// assert_eq!(params.name(bias), "net.0.bias");
/// ```
#[derive(Debug)]
pub struct Scope<'p> {
    pub(super) params: &'p mut Params,
    path: String,
}

impl<'p> Scope<'p> {
    pub(super) fn new(params: &'p mut Params, path: &str) -> Scope<'p> {
        Scope { params, path: path.to_owned() }
    }

    /// A scope within this one.
    pub fn scope(&mut self, name: &str) -> Scope<'_> {
        let path = self.full_name(name);
        Scope { params: self.params, path }
    }

    /// Makes a parameter.
    ///
    /// # Panics
    /// If the name exists already, the product of the shape overflows, or the number of initial values is wrong.
    #[track_caller]
    pub fn param(&mut self, name: &str, shape: impl Into<Shape>, initial: impl Initial) -> Param {
        let (name, shape, values) = self.initial_values(name, shape.into(), initial);
        self.params.add(name, shape, &values)
    }

    /// The full name and the initial values of a tensor.
    #[track_caller]
    pub(super) fn initial_values(
        &self,
        name: &str,
        shape: Shape,
        initial: impl Initial,
    ) -> (String, Shape, Vec<f64>) {
        let (name, wanted) = (self.full_name(name), shape.elements());
        if !can_be_had(wanted.saturating_mul(size_of::<f64>())) {
            let bytes = scaled(wanted as f64 * 8.0, "B");
            Mistake::new(format!("param: the values of `{name}` {shape} take {bytes}, which cannot be had"))
                .rule("initial values are numbers of eight bytes, all of them at once")
                .raise();
        }
        let values = initial.values(&name, &shape, self.params.seed);
        let given = values.len();
        assert!(
            given == wanted,
            "parameter `{name}` of shape {shape} has {wanted} elements, {given} values were given"
        );
        (name, shape, values)
    }

    pub(super) fn full_name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl Params {
    /// The innermost scope that holds all these parameters.
    pub(crate) fn scope_of(&self, params: &[Param]) -> Option<&str> {
        let mut names = params.iter().map(|p| {
            let entry = self.entries.get(p.index()).filter(|_| p.owner == self.owner)?;
            entry.name.rsplit_once('.').map(|(scope, _)| scope)
        });
        names.next()?.and_then(|first| names.try_fold(first, |common, name| shared_scope(common, name?)))
    }
}

/// The innermost scope that holds both scopes.
fn shared_scope<'a>(a: &'a str, b: &str) -> Option<&'a str> {
    // The usual case: parameters of one layer.
    if a == b {
        return Some(a);
    }
    let mut ends = a.match_indices('.').map(|(end, _)| end).chain([a.len()]);
    let shared =
        |&end: &usize| b.starts_with(&a[..end]) && matches!(b.as_bytes().get(end), None | Some(b'.'));
    ends.rfind(shared).map(|end| &a[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parameters_have_in_common_names_their_layer() {
        let mut params = Params::f32();
        let mut net = params.scope("net");
        let mut make = |scope: &str, name: &str| net.scope(scope).param(name, [], 0.0);
        let (a, b) = (make("1", "weight"), make("1", "bias"));
        let (c, d) = (make("10", "weight"), make("1.deep", "weight"));
        let bare = params.scope("").param("bare", [], 0.0);
        let other = Params::f32().scope("net").param("w", [], 0.0);
        assert_eq!(params.scope_of(&[a]), Some("net.1"));
        assert_eq!(params.scope_of(&[a, b]), Some("net.1"));
        assert_eq!((params.scope_of(&[a, c]), params.scope_of(&[c, a])), (Some("net"), Some("net")));
        assert_eq!((params.scope_of(&[a, d]), params.scope_of(&[d, b])), (Some("net.1"), Some("net.1")));
        assert_eq!([&[bare][..], &[a, bare], &[a, other], &[]].map(|p| params.scope_of(p)), [None; 4]);
    }
}
