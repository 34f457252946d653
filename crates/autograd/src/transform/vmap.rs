//! `vmap`: a function of one example becomes one of a batch.

use crate::mistake::Mistake;
use crate::ops::Group;
use crate::record::for_each_of_batch;
use crate::var::Var;

/// A function of one example, for all examples of a batch: yᵢ = f(xᵢ) for the xᵢ along the first axis of x. What f gives, a
/// variable or several, has the examples along a new first axis. [`vmap_over`] takes several arguments and other axes.
///
/// There is no loop over the examples: each op of f is recorded once, for all of them. What f uses beside its argument is the same
/// for each example, and is differentiated as everywhere. f may hold gradients, loops, and another `vmap`.
///
/// ```
/// use autograd::{Tape, transform::{grad, vmap}};
/// let tape = Tape::new();
/// let (w, xs) = (tape.var(3.0), tape.var([[1.0, 2.0], [3.0, 4.0]]));
/// let all = vmap(|x| w * x.square().sum())(xs);
/// assert_eq!(all.to_vec::<f64>(), [15.0, 75.0]);
/// // The gradient of each example by what all share, and of the sum of all examples.
/// let each = vmap(|x| grad(|w| w * x.square().sum())(w))(xs);
/// assert_eq!(each.to_vec::<f64>(), [5.0, 25.0]);
/// assert_eq!(all.sum().grad([w])[0].item(), 30.0);
/// ```
///
/// Random numbers of each example come from keys of its own, `[examples, 2]`, and are those that its key gives alone.
///
/// The idea is that of `vmap` in JAX: J. Bradbury et al., *JAX: composable transformations of Python+NumPy programs*, 2018.
///
/// # Panics
/// The function that it gives panics if x has no axes; if f reads a value, as it is traced once without values, gives a
/// variable of another tape, or writes a buffer; and where recording does.
pub fn vmap<'t, Y: Group<'t>>(f: impl Fn(Var<'t>) -> Y) -> impl Fn(Var<'t>) -> Y {
    let all = vmap_over([Some(0)], move |[x]| f(x));
    move |x| all([x])
}

/// As [`vmap`], of a function of several arguments: each example takes its part along the axis given for the argument, counted from the
/// end if it is negative, and the whole argument where there is `None`.
///
/// ```
/// use autograd::{Tape, Var, transform::{grad, vmap_over}};
/// fn loss<'t>(w: Var<'t>, [x, y]: [Var<'t>; 2]) -> Var<'t> {
///     (w.matmul(x) - y).square()
/// }
/// let tape = Tape::new();
/// let w = tape.var([1.0, -1.0]);
/// let (xs, ys) = (tape.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tape.constant([0.0, 0.0, 1.0]));
/// // The gradient of the loss of each example, by parameters that all share.
/// let each = vmap_over([None, Some(0), Some(0)], |[w, x, y]| grad(|w| loss(w, [x, y]))(w))([w, xs, ys]);
/// assert_eq!(each.to_vec::<f64>(), [-2.0, -4.0, -6.0, -8.0, -20.0, -24.0]);
/// // An ensemble: each model has parameters of its own, and all see the same data.
/// let models = tape.var([[1.0, 0.0, 2.0], [-1.0, 1.0, 0.0]]); // a model in each column
/// let all = vmap_over([Some(1), None], |[w, x]| w.matmul(x))([models, xs.index(0, 0)]);
/// assert_eq!(all.to_vec::<f64>(), [-1.0, 2.0, 2.0]);
/// ```
///
/// # Panics
/// The function that it gives panics if no argument has an axis, an axis does not exist, or the lengths of the axes differ; and
/// as that of [`vmap`].
pub fn vmap_over<'t, Y: Group<'t>, const N: usize>(
    axes: [Option<isize>; N],
    f: impl Fn([Var<'t>; N]) -> Y,
) -> impl Fn([Var<'t>; N]) -> Y {
    vmap_onto(axes, 0, f)
}

/// As [`vmap_over`], with the examples along this axis of each result.
///
/// ```
/// use autograd::{Tape, transform::vmap_onto};
/// let tape = Tape::new();
/// let x = tape.var([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// // Each column is an example, and gives a column.
/// let y = vmap_onto([Some(1)], 1, |[x]| x / x.sum())(  [x]);
/// assert_eq!(y.sum_over(0).to_vec::<f64>(), [1.0, 1.0, 1.0]);
/// assert_eq!(y.shape()[..], [2, 3]);
/// ```
///
/// # Panics
/// The function that it gives panics if a result has no such axis, and as that of [`vmap_over`].
pub fn vmap_onto<'t, Y: Group<'t>, const N: usize>(
    axes: [Option<isize>; N],
    onto: isize,
    f: impl Fn([Var<'t>; N]) -> Y,
) -> impl Fn([Var<'t>; N]) -> Y {
    move |x| {
        let examples = examples(&x, &axes);
        let mapped = || x.iter().zip(&axes).filter_map(|(x, axis)| Some((*x, (*axis)?)));
        let first: Vec<Var<'t>> =
            mapped().map(|(x, axis)| if axis == 0 { x } else { x.move_axis(axis, 0) }).collect();
        let mut group = None;
        let all = for_each_of_batch(examples, &first, |of_one| {
            let mut of_one = of_one.iter().copied();
            let one = |i: usize| axes[i].map_or(x[i], |_| of_one.next().expect("one for each axis"));
            let y = f(std::array::from_fn(one));
            y.members().iter().for_each(|y| x[0].check_same_tape("vmap", *y));
            let members = y.members().to_vec();
            group = Some(y);
            members
        });
        let all = all.into_iter().map(|y| if onto == 0 { y } else { y.move_axis(0, onto) });
        group.expect("the function was traced").with_members(all.collect())
    }
}

/// How many examples there are.
#[track_caller]
fn examples<const N: usize>(x: &[Var<'_>; N], axes: &[Option<isize>; N]) -> usize {
    let mut lengths = vec![];
    for (argument, axis) in x.iter().zip(axes) {
        x[0].check_same_tape("vmap", *argument);
        if let Some(axis) = *axis {
            lengths.push(argument.shape()[usize::from(argument.axis("vmap", axis))]);
        }
    }
    match lengths[..] {
        [first, ..] if lengths.iter().all(|&n| n == first) => first,
        [] => Mistake::new("vmap: no argument has an axis of examples")
            .rule("examples differ in at least one argument")
            .hint("`Some(0)` stands for the first axis; a function of the same arguments gives the same for all")
            .raise(),
        _ => Mistake::new(format!("vmap: {lengths:?} examples"))
            .rule("the axes of all arguments that have one are of the same length")
            .raise(),
    }
}
