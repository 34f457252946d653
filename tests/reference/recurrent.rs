//! Recurrent nets over whole sequences.

use autograd::Var;
use nn::sequence::{Direction, over_time, stacked};
use nn::{GruCell, LstmCell};

use crate::args::Args;
use crate::evaluate::evaluate_all;
use crate::format::Case;
use crate::runner::{Handler, Refusal};

/// From the results of the two maps and the state to the next one.
type Step = for<'t> fn(Var<'t>, Var<'t>, &[Var<'t>]) -> Vec<Var<'t>>;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let (states, step): (&'static [&'static str], fn(&Args) -> Step) = match op {
        "rnn_sequence" => (&["h0"], |args| match args.need::<String>("nonlinearity").as_str() {
            "tanh" => |a, z, _| vec![(a + z).tanh()],
            "relu" => |a, z, _| vec![(a + z).relu()],
            _ => args.unknown("nonlinearity"),
        }),
        "lstm_sequence" => (&["h0", "c0"], |_| {
            |a, z, state| {
                let (h, c) = LstmCell::step(a + z, state[1]);
                vec![h, c]
            }
        }),
        "gru_sequence" => (&["h0"], |_| |a, z, state| vec![GruCell::step(a, z, state[0])]),
        _ => return None,
    };
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| {
        evaluate_all(case, |x, args| sequence(case, x, args, states, step(args)))
    }))
}

/// x·Wᵀ, and + b where there is one, for all leading axes of x together.
fn affine<'t>(x: Var<'t>, w: Var<'t>, b: Option<Var<'t>>) -> Var<'t> {
    let (shape, units) = (x.shape(), w.shape()[0]);
    let (last, lead) = shape.split_last().expect("x has axes");
    let y = x.reshape([lead.iter().product(), *last]).matmul(w.t());
    b.map_or(y, |b| y + b).reshape(&[lead, &[units]].concat()[..])
}

fn sequence<'t>(case: &Case, x: &[Var<'t>], args: &Args, states: &[&str], step: Step) -> Vec<Var<'t>> {
    let named = |name: &str| case.labels("in").position(|label| label == name).map(|at| x[at]);
    let (layers, units, both) = (args.need("layers"), args.need("hidden"), args.need("bidirectional"));
    args.says("batch_first", false);
    let directions = if both { Direction::BOTH } else { Direction::ONE };
    let lengths = args.optional::<Option<Vec<isize>>>("lengths", None);
    let lengths = lengths.map(|all| all.into_iter().map(|n| n as i64).collect::<Vec<_>>());
    let lengths = lengths.map(|all| x[0].tape().constant(&all[..]));
    let full = [layers * directions.len(), x[0].shape()[1], units];
    let zeros = || x[0].tape().full(0.0, full, x[0].dtype());
    let start: Vec<_> = states.iter().map(|name| named(name).unwrap_or_else(zeros)).collect();
    let (y, last) = stacked(x[0], &start, layers, directions, |layer, direction, x, state| {
        let end = if direction == Direction::Back { "_reverse" } else { "" };
        let of = |kind: &str| named(&format!("{kind}_l{layer}{end}"));
        let weight = |kind: &str| of(kind).expect("the weights of every layer are given");
        let from_input = affine(x, weight("weight_ih"), of("bias_ih"));
        let (u, d) = (weight("weight_hh"), of("bias_hh"));
        over_time(from_input, state, direction, lengths, |a, state| step(a, affine(state[0], u, d), state))
    });
    [&[y], &last[..]].concat()
}
