//! Recurrent layers over whole sequences.
//!
//! A cell is one step in time. [`over_time`] repeats a step as [a loop that is one node](autograd::Tape::scan), [`stacked`] puts layers on
//! each other, and [`Recurrent`] does both with parameters of its own.

use crate::{Activation, GruCell, Linear, LstmCell, NoBias};
use autograd::{DType, Mistake, Scope, Var};

/// The way in which a layer reads a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// From the last step to the first.
    Back,
}

impl Direction {
    /// From the first step to the last alone.
    pub const ONE: &'static [Direction] = &[Direction::Forward];
    /// In both directions, side by side.
    pub const BOTH: &'static [Direction] = &[Direction::Forward, Direction::Back];
}

/// Repeats a step: stateₜ₊₁ = step(xₜ, stateₜ). It gives the first tensor of all states, \[time, n, …\], in the order of time, and the
/// last state.
///
/// x is \[time, n, …\]. With lengths, `I64` of \[n\], a sequence ends early: beyond its length the state stays and the result is 0.
///
/// # Panics
/// If x has fewer than two axes, the lengths are not `I64` of \[n\], or the step changes the shape of a state.
///
/// ```
/// use nn::sequence::{Direction, over_time};
/// let tape = autograd::Tape::new();
/// let x = tape.var([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]);
/// let zeros = tape.constant([0.0, 0.0]);
/// let (all, last) = over_time(x, vec![zeros], Direction::Forward, None, |x, state| vec![state[0] + x]);
/// assert_eq!(all.to_vec::<f64>(), [1.0, 5.0, 3.0, 11.0, 6.0, 18.0]);
/// assert_eq!(last[0].to_vec::<f64>(), [6.0, 18.0]);
/// let lengths = tape.constant(&[3i64, 1]);
/// let (all, _) = over_time(x, vec![zeros], Direction::Back, Some(lengths), |x, state| vec![state[0] + x]);
/// assert_eq!(all.to_vec::<f64>(), [6.0, 5.0, 5.0, 0.0, 3.0, 0.0]);
/// ```
#[track_caller]
pub fn over_time<'t>(
    x: Var<'t>,
    state: Vec<Var<'t>>,
    direction: Direction,
    lengths: Option<Var<'t>>,
    step: impl Fn(Var<'t>, &[Var<'t>]) -> Vec<Var<'t>>,
) -> (Var<'t>, Vec<Var<'t>>) {
    let shape = x.shape();
    let &[steps, n, ..] = &shape[..] else { bad_input("over_time", x, "x is [time, n, …]") };
    let mut inputs = vec![x];
    if let Some(lengths) = lengths {
        if lengths.shape()[..] != [n] {
            bad_input("over_time", lengths, "there is a length for each of the n sequences");
        }
        // Where a sequence goes on, with axes of length 1 for those of its elements.
        let times: Vec<i64> = (0..steps as i64).collect();
        let goes_on = x.tape().constant(&times[..]).unsqueeze(-1).lt(lengths.unsqueeze(0));
        let mut lead = vec![1; state.first().map_or(2, |state| state.rank() + 1)];
        lead[..2].copy_from_slice(&[steps, n]);
        inputs.push(goes_on.reshape(&lead[..]));
    }
    let body = |state: Vec<Var<'t>>, x: Vec<Var<'t>>| {
        let mut next = step(x[0], &state);
        let Some(&goes_on) = x.get(1) else {
            let y = next[0];
            return (next, y);
        };
        let y = goes_on.select(next[0], 0.0);
        next.iter_mut().zip(&state).for_each(|(new, old)| *new = goes_on.select(*new, *old));
        (next, y)
    };
    let (last, all) = match direction {
        Direction::Forward => x.tape().scan(steps, state, inputs, body),
        Direction::Back => x.tape().scan_back(steps, state, inputs, body),
    };
    (all, last)
}

/// Layers on each other, each in one direction or in both: the results of the directions side by side are the input of the next
/// layer. It gives those of the last layer, and the last states.
///
/// x is \[time, n, …\]. Each tensor of the state is \[layers·directions, n, …\], the directions of a layer beside each other, and so are
/// the last states. `pass` is one layer in one direction, such as [`over_time`] of a cell, for the number of the layer.
///
/// ```
/// use nn::sequence::{Direction, over_time, stacked};
/// let tape = autograd::Tape::new();
/// let x = tape.var([1.0, 2.0]).reshape([2, 1, 1]);
/// let start = tape.constant([0.0, 10.0]).reshape([2, 1, 1]);
/// let (y, last) = stacked(x, &[start], 1, Direction::BOTH, |_, direction, x, state| {
///     over_time(x, state, direction, None, |x, state| vec![state[0] + x])
/// });
/// assert_eq!(y.to_vec::<f64>(), [1.0, 13.0, 3.0, 12.0]);
/// assert_eq!(last[0].to_vec::<f64>(), [3.0, 13.0]);
/// ```
#[track_caller]
pub fn stacked<'t>(
    mut x: Var<'t>,
    state: &[Var<'t>],
    layers: usize,
    directions: &[Direction],
    mut pass: impl FnMut(usize, Direction, Var<'t>, Vec<Var<'t>>) -> (Var<'t>, Vec<Var<'t>>),
) -> (Var<'t>, Vec<Var<'t>>) {
    let mut lasts = vec![vec![]; state.len()];
    for layer in 0..layers {
        let mut results = vec![];
        for &direction in directions {
            let at = lasts.first().map_or(0, Vec::len) as isize;
            let own = state.iter().map(|all| all.index(0, at)).collect();
            let (y, last) = pass(layer, direction, x, own);
            results.push(y);
            lasts.iter_mut().zip(last).for_each(|(all, one)| all.push(one));
        }
        x = if let [y] = results[..] { y } else { Var::concat(&results, -1) };
    }
    (x, lasts.iter().map(|all| Var::stack(all, 0)).collect())
}

/// What a [`Recurrent`] layer repeats: two affine maps, of what comes in and of the state, and a function of both.
pub trait Cell: Sized {
    /// How many tensors the state has. The first is the result of a step, and goes through the second map.
    const STATES: usize;

    /// What messages call a layer of it.
    const LAYER: &'static str = "Recurrent";

    /// Whether [`next`](Cell::next) uses nothing but the sum of the results of the maps. Then the second bias is added to what comes in,
    /// of all steps at once.
    const SUMS: bool = false;

    /// A cell of `units` with parameters in a scope.
    #[track_caller]
    fn in_scope(scope: &mut Scope<'_>, inputs: usize, units: usize) -> Self;

    /// The maps of what comes in, and of the state.
    fn maps(&self) -> [Linear; 2];

    /// The next state for the results of the maps.
    #[track_caller]
    fn next<'t>(&self, from_input: Var<'t>, from_hidden: Var<'t>, state: &[Var<'t>]) -> Vec<Var<'t>>;
}

/// The plain recurrent cell, h′ = f(x·W + b + h·U + d) with f = tanh.
///
/// Source: Elman, *Finding Structure in Time*, 1990.
#[derive(Clone, Copy, Debug)]
pub struct RnnCell {
    /// W of \[inputs, units\] and b, named `input` in the scope.
    pub input: Linear,
    /// U of \[units, units\] and d, named `hidden` in the scope.
    pub hidden: Linear,
    /// f.
    pub activation: Activation,
}

impl Cell for RnnCell {
    const STATES: usize = 1;
    const LAYER: &str = "Rnn";
    const SUMS: bool = true;

    fn in_scope(scope: &mut Scope<'_>, inputs: usize, units: usize) -> RnnCell {
        let input = Linear::new(&mut scope.scope("input"), inputs, units);
        let hidden = Linear::new(&mut scope.scope("hidden"), units, units);
        RnnCell { input, hidden, activation: Activation::Tanh }
    }

    fn maps(&self) -> [Linear; 2] {
        [self.input, self.hidden]
    }

    fn next<'t>(&self, from_input: Var<'t>, from_hidden: Var<'t>, _: &[Var<'t>]) -> Vec<Var<'t>> {
        vec![self.activation.apply(from_input + from_hidden)]
    }
}

impl Cell for LstmCell {
    const STATES: usize = 2;
    const LAYER: &str = "Lstm";
    const SUMS: bool = true;

    fn in_scope(scope: &mut Scope<'_>, inputs: usize, units: usize) -> LstmCell {
        LstmCell::new(scope, inputs, units)
    }

    fn maps(&self) -> [Linear; 2] {
        [self.input, self.hidden]
    }

    fn next<'t>(&self, from_input: Var<'t>, from_hidden: Var<'t>, state: &[Var<'t>]) -> Vec<Var<'t>> {
        let (h, c) = LstmCell::step(from_input + from_hidden, state[1]);
        vec![h, c]
    }
}

impl Cell for GruCell {
    const STATES: usize = 1;
    const LAYER: &str = "Gru";

    fn in_scope(scope: &mut Scope<'_>, inputs: usize, units: usize) -> GruCell {
        GruCell::new(scope, inputs, units)
    }

    fn maps(&self) -> [Linear; 2] {
        [self.input, self.hidden]
    }

    fn next<'t>(&self, from_input: Var<'t>, from_hidden: Var<'t>, state: &[Var<'t>]) -> Vec<Var<'t>> {
        vec![GruCell::step(from_input, from_hidden, state[0])]
    }
}

/// Layers of a cell over whole sequences: [`Rnn`], [`Lstm`], [`Gru`].
///
/// x is \[time, n, inputs\] and y \[time, n, directions·units\]. Each tensor of the state is \[layers·directions, n, units\]: h, and for
/// [`Lstm`] c behind it. The map of x is one product for all steps.
///
/// ```
/// use autograd::{Params, Tape};
/// use nn::{Lstm, sequence::Direction};
/// let mut params = Params::f64().with_seed(1);
/// let layers = Lstm::stacked(&mut params.scope("lstm"), 3, 4, 2, Direction::BOTH);
/// let tape = Tape::with(&params);
/// let x = tape.full(0.5, [7, 2, 3], autograd::DType::F64);
/// let (y, state) = layers.forward(x, None, None);
/// assert_eq!((y.shape()[..].to_vec(), state.len()), (vec![7, 2, 8], 2));
/// assert_eq!(state[0].shape()[..], [4, 2, 4]);
/// // The last state of the last layer, forward, is what it gave at the last step.
/// let forward = y.index(0, -1).slice(-1, 0..4);
/// assert_eq!(state[0].index(0, 2).to_vec::<f64>(), forward.to_vec::<f64>());
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<C> {
    /// The cells: of each layer one for each direction. Layer k is named `k` in the scope, and `k_back` in the other direction.
    pub cells: Vec<C>,
    /// The directions of each layer.
    pub directions: &'static [Direction],
}

/// Layers of plain cells.
pub type Rnn = Recurrent<RnnCell>;
/// Layers of long short-term memory.
pub type Lstm = Recurrent<LstmCell>;
/// Layers of gated recurrent units.
pub type Gru = Recurrent<GruCell>;

impl<C: Cell> Recurrent<C> {
    /// One layer from the first step to the last.
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn new(scope: &mut Scope<'_>, inputs: usize, units: usize) -> Recurrent<C> {
        Recurrent::stacked(scope, inputs, units, 1, Direction::ONE)
    }

    /// Several layers, each in [one direction](Direction::ONE) or [both](Direction::BOTH).
    ///
    /// # Panics
    /// If the scope has parameters of these names.
    #[track_caller]
    pub fn stacked(
        scope: &mut Scope<'_>,
        inputs: usize,
        units: usize,
        layers: usize,
        directions: &'static [Direction],
    ) -> Recurrent<C> {
        let mut cells = vec![];
        for layer in 0..layers {
            let inputs = if layer == 0 { inputs } else { units * directions.len() };
            for direction in directions {
                let end = if *direction == Direction::Back { "_back" } else { "" };
                cells.push(C::in_scope(&mut scope.scope(&format!("{layer}{end}")), inputs, units));
            }
        }
        Recurrent { cells, directions }
    }

    /// y for all steps, and the last state, for x, a first state or zeros, and lengths of the sequences as in [`over_time`].
    ///
    /// # Panics
    /// If shapes do not fit, or a tensor is on a tape that does not read the parameters.
    #[track_caller]
    pub fn forward<'t>(
        &self,
        x: Var<'t>,
        state: Option<&[Var<'t>]>,
        lengths: Option<Var<'t>>,
    ) -> (Var<'t>, Vec<Var<'t>>) {
        let shape = x.shape();
        let &[_, n, inputs] = &shape[..] else {
            refuse::<C>(x, "x", "x is [time, n, inputs]", "`x.unsqueeze(1)` makes a batch of one sequence")
        };
        // What is wrong is told before the loop, whose body would hide the line that calls the layer.
        let mut units = 0;
        if let Some(cell) = self.cells.first() {
            let [input, hidden] = cell.maps();
            let _layer = x.tape().within([input.weight, hidden.weight]);
            let [input, hidden] = [input, hidden].map(|map| x.tape().param(map.weight));
            units = hidden.shape()[0];
            let (wanted, dtype) = (input.shape()[0], input.dtype());
            if inputs != wanted || x.dtype() != dtype {
                let rule = format!("x is [time, n, inputs] {dtype}, with {wanted} inputs");
                let hint = "`.move_axis(axis, -1)` the axis of the inputs, or make the layer for them";
                refuse::<C>(x, "x", &rule, hint);
            }
        }
        if let Some(lengths) = lengths.filter(|of| of.shape()[..] != [n] || of.dtype() != DType::I64) {
            let rule = format!("there is an I64 length for each of the {n} sequences");
            refuse::<C>(lengths, "lengths", &rule, "x is [time, n, inputs]");
        }
        let full = [self.cells.len(), n, units];
        let zeros = vec![x.tape().full(0.0, full, x.dtype()); C::STATES];
        let state = state.unwrap_or(&zeros);
        if state.len() != C::STATES {
            Mistake::new(format!("{}: {} tensors as the first state", C::LAYER, state.len()))
                .line("x", x.describe())
                .rule(format!("it has {} tensors of [layers·directions, n, units], {full:?}", C::STATES))
                .hint("what `forward` gives beside the results is such a state")
                .raise();
        }
        if state.iter().any(|state| state.shape()[..] != full) {
            let given: Vec<_> = state.iter().map(|state| state.shape().to_string()).collect();
            Mistake::new(format!("{}: a first state of {}", C::LAYER, given.join(" and ")))
                .line("x", x.describe())
                .rule(format!("it has {} tensors of [layers·directions, n, units], {full:?}", C::STATES))
                .hint("x is [time, n, inputs]: `x.move_axis(0, 1)` where the batch stands first")
                .raise();
        }
        let (width, layers) = (self.directions.len(), self.cells.len() / self.directions.len().max(1));
        stacked(x, state, layers, self.directions, |layer, direction, x, state| {
            let cell = &self.cells[layer * width + usize::from(width == 2 && direction == Direction::Back)];
            let [input, hidden] = cell.maps();
            let _layer = x.tape().within([input.weight, hidden.weight]);
            let from_input = input.forward(x);
            if C::SUMS {
                let hidden_alone = Linear { weight: hidden.weight, bias: NoBias };
                return over_time(
                    from_input + hidden.bias,
                    state,
                    direction,
                    lengths,
                    |from_input, state| cell.next(from_input, hidden_alone.forward(state[0]), state),
                );
            }
            over_time(from_input, state, direction, lengths, |from_input, state| {
                cell.next(from_input, hidden.forward(state[0]), state)
            })
        })
    }
}

#[cold]
#[track_caller]
fn refuse<C: Cell>(of: Var<'_>, name: &str, rule: &str, hint: &str) -> ! {
    Mistake::new(format!("{}: {name} is {} {}", C::LAYER, of.shape(), of.dtype()))
        .line(name, of.describe())
        .rule(rule)
        .hint(hint)
        .raise()
}

#[cold]
#[track_caller]
fn bad_input(layer: &str, x: Var<'_>, rule: &str) -> ! {
    Mistake::new(format!("{layer}: {}", x.shape())).line("x", x.describe()).rule(rule).raise()
}
