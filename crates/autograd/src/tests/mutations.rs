//! Mutants of derivative rules: each is to be noticed by the checks of the table of tests.
//!
//! Wherever a sweep asks a rule, its answer passes through here in a build of the tests. A mutant changes the answers of one op:
//! a sign, a factor, a term that is dropped, two terms exchanged. So a row of the table of tests has its mutants without a
//! line here, and the mutants of an op are found by watching what its rows ask for.
//!
//! `cargo test --release -p wengert-autograd --lib -- --ignored --nocapture every_mutant` tries all.

use super::rows::{Row, rows_of};
use crate::check_grads;
use crate::ir::{Op, OpKind};
use crate::op::Cotangents;
use crate::var::Var;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};

/// What is done to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Negated,
    Doubled,
    /// Larger by a thousandth.
    Off,
    Dropped,
    /// Exchanged with that of another operand, which has the same shape.
    Exchanged(usize),
}

/// Which answer: the cotangent of an operand, or the tangent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Cotangent(usize),
    Tangent,
}

/// An answer of the op of this name, changed.
type Mutant = (&'static str, Answer, Change);

/// What is done to the answers of the rules that this thread asks.
#[derive(Debug, Default)]
enum Doing {
    #[default]
    Nothing,
    /// The mutants that would change an answer are collected.
    Watching(BTreeSet<Mutant>),
    Changing(Mutant),
}

thread_local! {
    static DOING: RefCell<Doing> = const { RefCell::new(Doing::Nothing) };
}

const CHANGES: [Change; 4] = [Change::Negated, Change::Doubled, Change::Off, Change::Dropped];

/// The answer of a backward rule.
pub(crate) fn cotangents<'t>(op: &Op, terms: Cotangents<'t>) -> Cotangents<'t> {
    DOING.with_borrow_mut(|doing| {
        if let Doing::Watching(seen) = doing {
            for (i, term) in terms.iter().enumerate().filter_map(|(i, term)| Some((i, (*term)?))) {
                let answer = Answer::Cotangent(i);
                seen.extend(CHANGES.map(|change| (op.name(), answer, change)));
                let others = terms.iter().enumerate().skip(i + 1);
                let alike = others.filter(|(_, other)| {
                    other.is_some_and(|other| other.id() != term.id() && other.shape() == term.shape())
                });
                seen.extend(alike.map(|(j, _)| (op.name(), answer, Change::Exchanged(j))));
            }
        }
    });
    let Some((Answer::Cotangent(i), change)) = change_of(op) else { return terms };
    let mut terms = terms;
    match change {
        Change::Exchanged(j) if j < terms.len() => terms.swap(i, j),
        _ => {
            if let Some(term) = terms.get_mut(i) {
                *term = term.and_then(|term| changed(term, change));
            }
        }
    }
    terms
}

/// The answer of a forward rule.
pub(crate) fn tangent<'t>(op: &Op, tangent: Option<Var<'t>>) -> Option<Var<'t>> {
    DOING.with_borrow_mut(|doing| {
        if let (Doing::Watching(seen), Some(_)) = (doing, tangent) {
            seen.extend(CHANGES.map(|change| (op.name(), Answer::Tangent, change)));
        }
    });
    match change_of(op) {
        Some((Answer::Tangent, change)) => tangent.and_then(|tangent| changed(tangent, change)),
        _ => tangent,
    }
}

/// What this thread changes about an op.
fn change_of(op: &Op) -> Option<(Answer, Change)> {
    DOING.with_borrow(|doing| match doing {
        Doing::Changing((name, answer, change)) if *name == op.name() => Some((*answer, *change)),
        _ => None,
    })
}

fn changed<'t>(x: Var<'t>, change: Change) -> Option<Var<'t>> {
    match change {
        Change::Negated => Some(-x),
        Change::Doubled => Some(x * 2.0),
        Change::Off => Some(x * 1.001),
        Change::Dropped | Change::Exchanged(_) => None,
    }
}

/// Runs `f` while answers are watched or changed, and gives what was seen.
fn doing<R>(what: Doing, f: impl FnOnce() -> R) -> (R, Doing) {
    DOING.set(what);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let seen = DOING.take();
    (result.unwrap_or_else(|panic| panic::resume_unwind(panic)), seen)
}

/// The check that every row has to pass. A cast through F32 is a step function for a central difference.
fn check(row: &Row) -> Result<(), String> {
    check_grads(&*row.f, &row.arguments(), 2).map_err(|e| e.to_string())
}

/// The rows of an op, each with the mutants of that op that it asks for.
fn watched(kind: OpKind) -> Vec<(Row, BTreeSet<Mutant>)> {
    let rows = rows_of(kind).into_iter().filter(|row| !row.large && !row.name.contains("F32"));
    let watched = rows.map(|row| {
        let names = recorded_names(&row, kind);
        let (passed, seen) = doing(Doing::Watching(BTreeSet::new()), || check(&row));
        assert_eq!(passed, Ok(()), "{}", row.name);
        let Doing::Watching(seen) = seen else { unreachable!("it was watched") };
        (row, seen.into_iter().filter(|(name, ..)| names.contains(name)).collect())
    });
    watched.collect()
}

/// The names of the ops of this kind that a row records.
fn recorded_names(row: &Row, kind: OpKind) -> BTreeSet<&'static str> {
    let tape = crate::Tape::new();
    let x: Vec<Var<'_>> = row.arguments().iter().map(|a| tape.var(a)).collect();
    (row.f)(&x);
    let list = tape.list();
    list.nodes.iter().filter(|node| node.op.kind() == kind).map(|node| node.op.name()).collect()
}

/// Whether some row notices the mutant.
fn is_noticed(mutant: Mutant, rows: &[(Row, BTreeSet<Mutant>)]) -> bool {
    rows.iter().filter(|(_, seen)| seen.contains(&mutant)).any(|(row, _)| {
        let noticed = panic::catch_unwind(AssertUnwindSafe(|| {
            doing(Doing::Changing(mutant), || check(row)).0.is_err()
        }));
        DOING.take();
        noticed.unwrap_or(true)
    })
}

/// Mutants that no row notices, and why that is right.
const SURVIVORS: &[(&str, Answer, Change, &str)] = &[];

/// How many mutants there are, and which of them nobody notices. Of each op at most `most` are tried, spread over all.
fn survivors(most: usize) -> (usize, Vec<Mutant>) {
    let (mut tried, mut alive) = (0, vec![]);
    for &kind in OpKind::ALL {
        let rows = watched(kind);
        let all: BTreeSet<Mutant> = rows.iter().flat_map(|(_, seen)| seen.iter().copied()).collect();
        let names: BTreeSet<&str> = all.iter().map(|mutant| mutant.0).collect();
        for name in names {
            let of_name: Vec<Mutant> = all.iter().copied().filter(|mutant| mutant.0 == name).collect();
            let some = of_name.iter().step_by(of_name.len().div_ceil(most));
            for &mutant in some {
                tried += 1;
                if !is_noticed(mutant, &rows) {
                    alive.push(mutant);
                }
            }
        }
    }
    (tried, alive)
}

fn assert_none_survives(most: usize) -> usize {
    let (tried, alive) = survivors(most);
    println!("{tried} mutants, survivors: {alive:?}");
    let known = |(name, answer, change): &Mutant| {
        SURVIVORS.iter().any(|known| (known.0, known.1, known.2) == (*name, *answer, *change))
    };
    let unknown: Vec<&Mutant> = alive.iter().filter(|mutant| !known(mutant)).collect();
    assert!(unknown.is_empty(), "nobody notices {unknown:?}");
    tried
}

#[test]
fn some_mutants_of_every_rule_are_noticed() {
    assert!(assert_none_survives(3) > 200);
}

#[test]
#[ignore = "a minute optimised; run with `--release -- --ignored --nocapture every_mutant`"]
fn every_mutant_of_every_rule_is_noticed() {
    assert_none_survives(usize::MAX);
}
