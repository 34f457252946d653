//! Folding: a picture of few cards for a tape of many nodes.

use crate::ir::NodeId;
use crate::lists::IntoList;
use std::collections::VecDeque;

/// A part of the drawing: a node, a scope, or a card that stands for several nodes.
#[derive(Debug)]
pub(super) enum Tree {
    Node(NodeId),
    Scope { name: String, parts: Vec<Tree> },
    Folded { name: Option<String>, nodes: Vec<NodeId> },
}

/// A folded drawing may have this share of the limit. One that is just below the limit would be hard to read.
const SHARE: f64 = 0.3;

/// The most cards at each end of a list that stay when its middle is folded, and the most stretches that the middle is folded
/// to. A low limit allows fewer.
const ENDS: usize = 6;
const STRETCHES: usize = 12;

/// Folds a tree of more nodes than `limit`. The text says what was folded.
pub(super) fn fold(mut tree: Vec<Tree>, nodes: usize, limit: usize) -> (Vec<Tree>, Option<String>) {
    if nodes <= limit {
        return (tree, None);
    }
    let target = (limit as f64 * SHARE) as usize;
    for depth in (1..=deepest(&tree)).rev() {
        tree = tree.into_iter().map(|part| fold_scopes(part, depth)).listed();
        if cards(&tree) <= target {
            break;
        }
    }
    let (ends, stretches) = (ENDS.min(limit / 16).max(1), STRETCHES.min(limit / 8).max(1));
    if cards(&tree) > target.max(2 * ends + stretches) {
        tree = fold_stretches(tree, ends, stretches);
    }
    let cards = cards(&tree);
    let note = format!(
        "{nodes} nodes are more than {limit}: folded to {cards} cards, the dashed ones stand for several"
    );
    (tree, Some(note))
}

fn deepest(tree: &[Tree]) -> usize {
    let depth = |part: &Tree| if let Tree::Scope { parts, .. } = part { 1 + deepest(parts) } else { 0 };
    tree.iter().map(depth).max().unwrap_or(0)
}

fn cards(tree: &[Tree]) -> usize {
    tree.iter().map(|part| if let Tree::Scope { parts, .. } = part { cards(parts) } else { 1 }).sum()
}

/// Makes one card of each scope at this depth; the outermost scopes have depth 1.
fn fold_scopes(part: Tree, depth: usize) -> Tree {
    match part {
        Tree::Scope { name, parts } if depth == 1 => {
            let mut nodes = vec![];
            collect(parts, &mut nodes);
            Tree::Folded { name: Some(name), nodes }
        }
        Tree::Scope { name, parts } => {
            let parts = parts.into_iter().map(|part| fold_scopes(part, depth - 1)).listed();
            Tree::Scope { name, parts }
        }
        part => part,
    }
}

fn collect(parts: Vec<Tree>, nodes: &mut Vec<NodeId>) {
    for part in parts {
        match part {
            Tree::Node(id) => nodes.push(id),
            Tree::Scope { parts, .. } => collect(parts, nodes),
            Tree::Folded { nodes: more, .. } => nodes.extend(more),
        }
    }
}

/// Folds the middle of the list to stretches of about equal length, with one card each. `ends` parts stay at each end.
fn fold_stretches(tree: Vec<Tree>, ends: usize, stretches: usize) -> Vec<Tree> {
    let mut middle = VecDeque::from(tree);
    let mut out: Vec<Tree> = middle.drain(..ends.min(middle.len())).listed();
    let last = middle.split_off(middle.len().saturating_sub(ends));
    for left in (1..=stretches).rev() {
        let mut nodes = vec![];
        collect(middle.drain(..middle.len().div_ceil(left)).listed(), &mut nodes);
        if !nodes.is_empty() {
            out.push(Tree::Folded { name: None, nodes });
        }
    }
    out.extend(last);
    out
}
