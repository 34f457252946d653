//! The order in which the numbers of shards are added: one binary tree, whoever holds which of them.

use std::ops::Range;

/// How the shards' numbers are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    /// By one tree over all shards.
    Tree,
    /// Each rank its own, one after the other, and then as the world adds.
    Fast,
}

/// A node of the tree: the shards below it.
pub(crate) type Node = Range<usize>;

/// The part of `all` things that a rank of `size` has: parts follow each other, and differ by one at most.
pub(crate) fn part(all: usize, rank: usize, size: usize) -> Range<usize> {
    // Wide, because a slab may be long.
    let at = |rank: usize| (rank as u128 * all as u128 / size as u128) as usize;
    at(rank)..at(rank + 1)
}

/// The largest nodes of the tree over `0..all` that lie within a range, in order.
pub(crate) fn pieces(all: usize, within: &Range<usize>) -> Vec<Node> {
    fn collect(node: Node, within: &Range<usize>, pieces: &mut Vec<Node>) {
        if node.is_empty() || node.start >= within.end || node.end <= within.start {
            return;
        }
        if node.start >= within.start && node.end <= within.end {
            return pieces.push(node);
        }
        let [left, right] = halves(&node);
        collect(left, within, pieces);
        collect(right, within, pieces);
    }
    let mut list = vec![];
    collect(0..all, within, &mut list);
    list
}

/// The two nodes below one of several shards.
fn halves(node: &Node) -> [Node; 2] {
    let middle = node.start + node.len().div_ceil(2);
    [node.start..middle, middle..node.end]
}

/// One act of adding up a node, on a stack of sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Puts the known sum of this number on the stack.
    Put(usize),
    /// Adds the known sum of this number to the one on top: `Put` and `Add` in one.
    Plus(usize),
    /// Adds the sum on top to the one below, and takes it off.
    Add,
}

/// How a node is added up from sums that are known: `known` gives the number of each.
pub(crate) fn acts(node: &Node, known: &impl Fn(&Node) -> Option<usize>) -> Vec<Act> {
    if let Some(number) = known(node) {
        return vec![Act::Put(number)];
    }
    assert!(node.len() > 1, "the sum of shard {} is not known", node.start);
    let [left, right] = halves(node);
    let mut list = acts(&left, known);
    match acts(&right, known)[..] {
        [Act::Put(number)] => list.push(Act::Plus(number)),
        ref right => {
            list.extend(right);
            list.push(Act::Add);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as text, from the sums that ranks hold whole.
    fn text(all: usize, size: usize) -> String {
        fn run(list: &[Act], name: impl Fn(usize) -> String) -> String {
            let mut stack: Vec<String> = vec![];
            for act in list {
                match *act {
                    Act::Put(i) => stack.push(name(i)),
                    Act::Plus(i) => {
                        let left = stack.pop().unwrap();
                        stack.push(format!("({left}+{})", name(i)));
                    }
                    Act::Add => {
                        let right = stack.pop().unwrap();
                        let left = stack.pop().unwrap();
                        stack.push(format!("({left}+{right})"));
                    }
                }
            }
            assert_eq!(stack.len(), 1);
            stack.remove(0)
        }
        let held: Vec<Node> = (0..size).flat_map(|rank| pieces(all, &part(all, rank, size))).collect();
        let sums: Vec<String> = held
            .iter()
            .map(|node| run(&acts(node, &|n| (n.len() == 1).then_some(n.start)), |i| i.to_string()))
            .collect();
        run(&acts(&(0..all), &|node| held.iter().position(|known| known == node)), |i| sums[i].clone())
    }

    #[test]
    fn the_tree_is_the_same_for_any_number_of_ranks() {
        assert_eq!(text(5, 1), "(((0+1)+2)+(3+4))");
        for all in 1..=17 {
            for size in 1..=all {
                assert_eq!(text(all, size), text(all, 1), "{all} shards on {size} ranks");
            }
        }
    }

    #[test]
    fn parts_cover_everything_once() {
        for (all, size) in [(10, 3), (8, 4), (3, 3), (usize::MAX, 7)] {
            let parts: Vec<_> = (0..size).map(|rank| part(all, rank, size)).collect();
            assert_eq!((parts[0].start, parts[size - 1].end), (0, all));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }
}
