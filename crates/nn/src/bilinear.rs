//! A map of two tensors that is linear in each.

use crate::Init;
use autograd::{Initial, Mistake, Param, Scope, Var};

/// A bilinear layer, yₖ = Σ aᵢ·bⱼ·W\[i, j, k\] + cₖ over i and j.
///
/// W is \[width of a, width of b, outputs\], c is \[outputs\]; a is \[…, width of a\], b \[…, width of b\] with the same leading axes, and y
/// \[…, outputs\]. Source: Tenenbaum & Freeman, *Separating style and content with bilinear models*, 2000, equation 1.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::Bilinear;
/// let mut params = Params::f64();
/// let layer = Bilinear::with_init(&mut params.scope("layer"), [2, 2], 1, [1.0, 2.0, 3.0, 4.0], 0.5);
/// let tape = Tape::with(&params);
/// let (a, b) = (tape.constant([[1.0, 10.0]]), tape.constant([[1.0, -1.0]]));
/// assert_eq!(layer.forward(a, b).item(), 1.0 - 2.0 + 30.0 - 40.0 + 0.5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bilinear {
    /// W, named `weight` in its scope.
    pub weight: Param,
    /// c, named `bias` in its scope.
    pub bias: Param,
}

impl Bilinear {
    /// A layer for a and b of these widths, with Xavier-normal weights and zero bias.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, widths: [usize; 2], outputs: usize) -> Bilinear {
        Bilinear::with_init(scope, widths, outputs, Init::XavierNormal, Init::Zeros)
    }

    /// A layer with other initial values.
    ///
    /// # Panics
    /// If the scope has parameters of these names, or the number of given values is wrong.
    #[track_caller]
    pub fn with_init(
        scope: &mut Scope<'_>,
        [a, b]: [usize; 2],
        outputs: usize,
        weight: impl Initial,
        bias: impl Initial,
    ) -> Bilinear {
        let weight = scope.param("weight", [a, b, outputs], weight);
        Bilinear { weight, bias: scope.param("bias", [outputs], bias) }
    }

    /// y for a and b.
    ///
    /// # Panics
    /// If a and b do not fit the weight or each other, or are on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(&self, a: Var<'t>, b: Var<'t>) -> Var<'t> {
        let tape = a.tape();
        let _layer = tape.within([self.weight, self.bias]);
        let weight = tape.param(self.weight);
        let &[of_a, of_b, outputs] = &weight.shape()[..] else { unreachable!("the weight has three axes") };
        let (left, right) = (a.shape(), b.shape());
        let (&[ref lead @ .., m], &[ref other @ .., n]) = (&left[..], &right[..]) else {
            misfit(weight, a, b)
        };
        if lead != other || [m, n] != [of_a, of_b] {
            misfit(weight, a, b);
        }
        let rows = lead.iter().product::<usize>();
        // For each row a matrix that maps b.
        let maps = a.reshape([rows, m]).matmul(weight.reshape([m, n * outputs])).reshape([rows, n, outputs]);
        let y = b.reshape([rows, 1, n]).matmul(maps).reshape(&[lead, &[outputs]].concat()[..]);
        y + self.bias
    }
}

#[cold]
#[track_caller]
fn misfit(weight: Var<'_>, a: Var<'_>, b: Var<'_>) -> ! {
    let of = weight.shape();
    Mistake::new(format!("Bilinear: a {} and b {} do not fit", a.shape(), b.shape()))
        .line("a", a.describe())
        .line("b", b.describe())
        .line("weight", weight.describe())
        .rule(format!("a is […, {}] and b […, {}], with the same leading axes", of[0], of[1]))
        .hint("`layer.forward(b, a)` where the two are swapped, or a layer for other widths")
        .raise()
}
