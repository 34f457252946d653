//! On random tapes, no cards overlap, no edge runs over a card, and boxes enclose their content.

use super::*;
use crate::show::drawing::tests::graph_of;
use crate::{Tape, Var};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// A tape of some nodes, in scopes within scopes that are entered and left.
fn random<'t>(tape: &'t Tape<'t>, nodes: usize, rng: &mut ChaCha8Rng) -> Var<'t> {
    let mut vars = vec![tape.var(0.5), tape.var(1.5)];
    let scopes = ["a", "a.b", "a.b.c", "d", "", "", "e.f"];
    while vars.len() < nodes {
        let scope = scopes[rng.random_range(0..scopes.len())];
        tape.scope(scope, || {
            for _ in 0..rng.random_range(1..5) {
                // Mostly nearby operands, sometimes distant ones.
                let near = vars.len().saturating_sub(4);
                let mut pick = || {
                    let from = if rng.random_range(0..5) == 0 { 0 } else { near };
                    vars[rng.random_range(from..vars.len())]
                };
                let (x, y) = (pick(), pick());
                let z = match rng.random_range(0..5) {
                    0 => x.sin(),
                    1 => x * 0.5,
                    2 => x.exp(),
                    _ => x * y,
                };
                vars.push(z);
            }
        });
    }
    vars[2..].iter().copied().reduce(|a, b| a + b).unwrap_or(vars[0])
}

fn holds(outer: Rect, r: Rect) -> bool {
    outer.x <= r.x
        && outer.y <= r.y
        && r.x + r.width <= outer.x + outer.width + 1e-9
        && r.y + r.height <= outer.y + outer.height + 1e-9
}

fn apart(a: Rect, b: Rect) -> bool {
    a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y || b.y + b.height < a.y
}

/// Points of a drawn piece.
fn points(piece: &Piece) -> Vec<(f64, f64)> {
    let ((x0, y0), (x1, y1), (end, begin)) = (piece.from, piece.to, piece.between);
    let mut points = vec![];
    for i in 0..=20 {
        let t = f64::from(i) / 20.0;
        let s = 3.0 * t * t - 2.0 * t * t * t;
        let y = 1.5 * t * (1.0 - t) + t * t * t; // control points at half the height
        points.push((x0 + (x1 - x0) * s, end + (begin - end) * y));
        points.push((x0, y0 + (end - y0) * t));
        points.push((x1, begin + (y1 - begin) * t));
    }
    points
}

fn check(layout: &Arrangement) {
    let all = Rect { x: 0.0, y: 0.0, width: layout.width, height: layout.height };
    for (i, (_, a)) in layout.cards.iter().enumerate() {
        assert!(holds(all, *a), "{a:?} leaves {all:?}");
        for (_, b) in &layout.cards[..i] {
            assert!(apart(*a, *b), "{a:?} lies on {b:?}");
        }
    }
    for (i, (_, a)) in layout.boxes.iter().enumerate() {
        for (_, b) in &layout.boxes[..i] {
            assert!(apart(*a, *b) || holds(*b, *a), "{a:?} lies across {b:?}");
        }
        assert!(layout.cards.iter().all(|(_, card)| apart(*a, *card) || holds(*a, *card)), "{a:?}");
    }
    for (x, y) in layout.lines.iter().flat_map(|line| points(&line.piece)) {
        for (_, r) in &layout.cards {
            let inside = x > r.x && x < r.x + r.width && y > r.y + 0.1 && y < r.y + r.height - 0.1;
            assert!(!inside, "an edge runs over {r:?} at {x}, {y}");
        }
    }
}

#[test]
fn cards_boxes_and_edges_keep_apart() {
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let tape = Tape::new();
        let y = random(&tape, 5 + seed as usize, &mut rng);
        if seed % 3 == 0 {
            y.grads(&[Var::new(&tape, 0)]);
        }
        let graph = graph_of(&tape.drawing().with_gradients(y).with_adjoints());
        assert!(graph.edges.iter().all(|(from, to)| from < to));
        let layout = Arrangement::of(&graph);
        assert_eq!(layout.cards.len(), graph.cards.len());
        check(&layout);
        let arrows = layout.lines.iter().filter(|line| line.arrow).count();
        assert_eq!(arrows, graph.edges.len() + graph.seeds.len(), "every edge ends in an arrow");
    }
}

/// A control: the check finds planted overlaps.
#[test]
#[should_panic(expected = "lies on")]
fn a_card_that_is_moved_onto_another_is_found() {
    let tape = Tape::new();
    tape.var(1.0).exp();
    let mut layout = Arrangement::of(&graph_of(&tape.drawing()));
    layout.cards[1].1 = layout.cards[0].1;
    check(&layout);
}
