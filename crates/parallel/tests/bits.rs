//! One hash: any number of ranks, whoever updates, and a loop that is written out.

mod common;

use common::{Change, Trained, by_hand, train};
use parallel::{Alone, Counted, Error, Threads, World};

/// The hash of each rank.
fn hashes(ranks: usize, count: usize, change: Change) -> Vec<u64> {
    let trained = Threads::run(ranks, |world| train(world, count, change).map(|trained| trained.hash()));
    trained.into_iter().map(|hash| hash.expect("all ranks train")).collect()
}

#[test]
fn any_number_of_ranks_gives_the_bits_of_one() {
    for count in [8, 12] {
        let hash = by_hand(count, false).hash();
        assert_eq!(train(&Alone, count, |s| s).unwrap().hash(), hash, "alone, {count} shards");
        for ranks in 1..=4 {
            assert_eq!(hashes(ranks, count, |s| s), vec![hash; ranks], "{ranks} ranks, {count} shards");
            let threads = hashes(ranks, count, |s| s.with_threads(2));
            assert_eq!(threads, vec![hash; ranks], "{ranks} ranks of two threads, {count} shards");
        }
    }
}

#[test]
fn owners_that_update_give_the_same_bits() {
    for count in [8, 12] {
        let hash = by_hand(count, false).hash();
        for ranks in 1..=4 {
            let owners = hashes(ranks, count, |s| s.owners_update());
            assert_eq!(owners, vec![hash; ranks], "{ranks} ranks, {count} shards");
        }
    }
}

/// The control: what the hash is of is not insensitive to the order.
#[test]
fn another_order_or_number_of_shards_gives_other_bits() {
    let eight = by_hand(8, false).hash();
    assert_ne!(by_hand(8, true).hash(), eight);
    assert_ne!(by_hand(12, false).hash(), eight);
    assert_eq!(hashes(1, 8, |s| s.fast()), [by_hand(8, true).hash()]);
    let fast = hashes(3, 8, |s| s.fast());
    assert!(fast.iter().all(|hash| *hash == fast[0] && *hash != eight));
}

#[test]
fn the_fast_sum_gives_nearly_the_same() {
    let exact = train(&Alone, 8, |s| s).unwrap().losses;
    let near =
        |trained: &Trained| trained.losses.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    for change in [(|s| s.fast()) as Change, |s| s.fast().owners_update()] {
        let distances = Threads::run(4, |world| near(&train(world, 8, change).unwrap()));
        assert!(distances.iter().all(|d| *d < 1e-3), "{distances:?}");
    }
}

/// 2(N − 1)/N slabs where N and S are powers of two, and for owners as many, and half as many again where a norm is clipped.
#[test]
fn bytes_on_the_wire_are_those_of_the_formula() {
    const HEADER: u64 = 48;
    let sent = |ranks: u64, owners: bool| {
        let counts = Threads::run(ranks as usize, |world| {
            let counted = Counted::new(world);
            let (mut params, model) = common::model();
            let shards = if owners { counted.shards(8).owners_update() } else { counted.shards(8) };
            let step = common::traced(&shards, &params, &model, 8).unwrap();
            let numbers = step.numbers() as u64;
            common::step(&step, 0, &mut params, &mut common::optimizer()).unwrap();
            (counted.sent(), numbers)
        });
        let numbers = counts[0].1;
        assert_eq!(numbers, 7 * 3 + 7 + 7 + 7 + 5 * 7 + 5 + 2 + 7 + 7 + 1);
        (counts.iter().map(|(sent, _)| sent).sum::<u64>(), 4 * numbers)
    };
    for ranks in [1, 2, 4, 8] {
        let (all, slab) = sent(ranks, false);
        assert_eq!(all, 2 * (ranks - 1) * slab + ranks * (ranks - 1) * HEADER, "{ranks} ranks");
        let (all, slab) = sent(ranks, true);
        assert_eq!(all, 3 * (ranks - 1) * slab + 2 * ranks * (ranks - 1) * HEADER, "{ranks} ranks, owners");
    }
    let (all, slab) = sent(3, false);
    assert!(all > 2 * 2 * slab && all < 2 * (2 * 2 * slab), "three ranks hold five subtrees");
}

#[test]
fn more_ranks_than_shards_are_refused() {
    let refused = Threads::run(3, |world| train(world, 2, |s| s).err());
    assert!(refused.iter().all(|error| *error == Some(Error::TooManyRanks { ranks: 3, shards: 2 })));
}
