//! What every world does: lengths, order, faults. Nothing hangs.

use parallel::{Alone, Departure, Numbers, Threads, World, WorldError};

/// A part for each rank, of other lengths and of other bytes.
fn part(from: usize, to: usize) -> Vec<u8> {
    (0..(from * 7 + to * 3) % 5).map(|i| (from * 50 + to * 10 + i) as u8).collect()
}

fn exchanged(world: &impl World) -> Result<Vec<u8>, WorldError> {
    let (rank, size) = (world.rank(), world.size());
    let send: Vec<u8> = (0..size).flat_map(|to| part(rank, to)).collect();
    let to: Vec<usize> = (0..size).map(|to| part(rank, to).len()).collect();
    let from: Vec<usize> = (0..size).map(|from| part(from, rank).len()).collect();
    let mut receive = vec![0; from.iter().sum()];
    world.exchange(&send, &to, &mut receive, &from)?;
    Ok(receive)
}

#[test]
fn parts_arrive_where_they_belong_round_after_round() {
    assert_eq!(exchanged(&Alone).unwrap(), part(0, 0));
    for size in 1..=5 {
        Threads::run(size, |world| {
            for round in 0..50u8 {
                let expected: Vec<u8> = (0..size).flat_map(|from| part(from, world.rank())).collect();
                assert_eq!(exchanged(world).unwrap(), expected);
                let mut all = vec![0; size];
                world.gather(&[round + world.rank() as u8], &mut all, &vec![1; size]).unwrap();
                assert_eq!(all, (0..size as u8).map(|rank| round + rank).collect::<Vec<_>>());
            }
        });
    }
}

#[test]
fn everybody_has_what_the_root_sends() {
    let got = Threads::run(3, |world| {
        let mut bytes = [world.rank() as u8; 2];
        world.broadcast(1, &mut bytes).map(|()| bytes)
    });
    assert_eq!(got, vec![Ok([1, 1]); 3]);
}

#[test]
fn sums_are_the_same_on_all_ranks() {
    let sums = Threads::run(4, |world| {
        let mut x = [0.1 * world.rank() as f32, 1e8];
        world.sum(Numbers::F32(&mut x)).unwrap();
        x.map(f32::to_bits)
    });
    assert!(sums.iter().all(|sum| *sum == sums[0]));
    assert_eq!(f32::from_bits(sums[0][1]), 4e8);
}

#[test]
fn a_rank_that_leaves_is_named_on_all_others() {
    for size in 2..=4 {
        for round in 0..3 {
            let left = Threads::run(size, |world| {
                let mut done = 0;
                loop {
                    if world.rank() == 1 && done == round {
                        return Ok(());
                    }
                    world.gather(&[1], &mut vec![0; size], &vec![1; size])?;
                    done += 1;
                }
            });
            let error = Err(WorldError::Left { rank: 1, how: Departure::Returned });
            let expected = (0..size).map(|rank| if rank == 1 { Ok(()) } else { error.clone() });
            assert_eq!(left, expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn the_first_panic_comes_out_and_the_others_end() {
    let caught = std::panic::catch_unwind(|| {
        Threads::run(3, |world| {
            assert!(world.rank() != 2, "rank 2 is unwell");
            exchanged(world).expect("nobody leaves");
        })
    });
    assert_eq!(caught.unwrap_err().downcast_ref::<&str>(), Some(&"rank 2 is unwell"));
}

#[test]
fn another_call_and_other_lengths_are_a_mismatch() {
    let results = Threads::run(2, |world| match world.rank() {
        0 => world.gather(&[1], &mut [0; 2], &[1, 1]),
        _ => world.exchange(&[1, 2], &[1, 1], &mut [0; 2], &[1, 1]),
    });
    assert!(
        matches!(&results[0], Err(WorldError::Mismatch { rank: 1, found, .. }) if found == "an exchange of 1 bytes")
    );
    assert!(
        matches!(&results[1], Err(WorldError::Mismatch { rank: 0, found, .. }) if found == "a gather of 1 bytes")
    );
    let results = Threads::run(2, |world| {
        let bytes = vec![0; world.rank() + 1];
        world.gather(&bytes, &mut vec![0; 2 * bytes.len()], &[bytes.len(); 2])
    });
    assert!(results.iter().all(|result| matches!(result, Err(WorldError::Mismatch { .. }))));
}

#[test]
#[should_panic(expected = "gather: 3 bytes to receive in parts of [1]")]
fn lengths_that_do_not_add_up_are_a_mistake() {
    let _ = Alone.gather(&[1], &mut [0; 3], &[1]);
}
