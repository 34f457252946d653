//! What ranks say to each other: bytes of every length arrive, and what does not fit is an error on all ranks.

use crate::launch::{alone, mpirun, tell, tell_error, tell_fault};
use std::error::Error;
use std::time::Duration;
use wengert::parallel::{Numbers, World as _, WorldError};
use wengert_mpi::World;

/// A part of a round for a rank: from none to more than a notice holds.
fn part(round: usize, from: usize, to: usize) -> Vec<u8> {
    let length = [0, 1, 1023, 1024, 1025, 70_000, 3][(round + 5 * from + 3 * to) % 7];
    (0..length).map(|i| (i * 7 + round + 50 * from + 10 * to) as u8).collect()
}

pub(crate) fn every_collective_on_one_to_four_ranks() {
    for ranks in 1..=4 {
        let ran = mpirun(ranks, &["collectives"]);
        assert!(ran.well && ran.lines("SAID").count() == ranks, "{}", ran.text);
    }
    let ran = alone(&["collectives"]);
    assert!(ran.well && ran.lines("SAID").all(|line| line.starts_with("0 of 1")), "{}", ran.text);
}

/// Every collective, again and again, held against what the other ranks are known to send.
pub(crate) fn collectives() -> Result<(), Box<dyn Error>> {
    let world = World::join()?;
    let (rank, size) = (world.rank(), world.size());
    assert_eq!(world.local_rank(), rank, "all are on one machine");
    for round in 0..100 {
        let send: Vec<u8> = (0..size).flat_map(|to| part(round, rank, to)).collect();
        let to: Vec<usize> = (0..size).map(|to| part(round, rank, to).len()).collect();
        let expected: Vec<u8> = (0..size).flat_map(|from| part(round, from, rank)).collect();
        let from: Vec<usize> = (0..size).map(|from| part(round, from, rank).len()).collect();
        let mut received = vec![0; expected.len()];
        world.exchange(&send, &to, &mut received, &from)?;
        assert_eq!(received, expected);

        let expected: Vec<u8> = (0..size).flat_map(|from| part(round, from, 0)).collect();
        let from: Vec<usize> = (0..size).map(|from| part(round, from, 0).len()).collect();
        let mut received = vec![0; expected.len()];
        world.gather(&part(round, rank, 0), &mut received, &from)?;
        assert_eq!(received, expected);

        let mut bytes = part(round, round % size, 1);
        if rank != round % size {
            bytes.fill(0);
        }
        world.broadcast(round % size, &mut bytes)?;
        assert_eq!(bytes, part(round, round % size, 1));

        let whole = |rank: usize| (0..round).map(move |i| (i * 10 + rank) as f64);
        let sum: Vec<f64> = (0..round).map(|i| (0..size).map(|rank| (i * 10 + rank) as f64).sum()).collect();
        let (mut wide, mut narrow): (Vec<f64>, Vec<f32>) =
            (whole(rank).collect(), whole(rank).map(|x| x as f32).collect());
        world.sum(Numbers::F64(&mut wide))?;
        world.sum(Numbers::F32(&mut narrow))?;
        assert_eq!(wide, sum);
        assert_eq!(narrow, sum.iter().map(|&x| x as f32).collect::<Vec<_>>());
    }
    tell(&format!("SAID {rank} of {size}, {} threads", world.threads()));
    Ok(())
}

/// Rank 1 does something else than the others, who gather; each rank tells what it is told, and that nothing changes it.
pub(crate) fn disagreement(what: &str) -> Result<(), Box<dyn Error>> {
    let patience = if what == "silence" { Duration::from_millis(500) } else { World::PATIENCE };
    let world = World::join()?.with_patience(patience);
    let size = world.size();
    let gather = |bytes: usize| world.gather(&vec![1; bytes], &mut vec![0; bytes * size], &vec![bytes; size]);
    gather(2000)?;
    if world.rank() == 1 {
        tell_fault();
    }
    let result = match (what, world.rank()) {
        ("exchange", 1) => {
            world.exchange(&vec![1; 2 * size], &vec![2; size], &mut vec![0; 2 * size], &vec![2; size])
        }
        ("length", 1) => gather(2001),
        ("sum", 1) => world.sum(Numbers::F32(&mut [0.0; 3])),
        ("sum of other length", rank) => world.sum(Numbers::F32(&mut vec![0.0; 3 + usize::from(rank == 1)])),
        ("leave", 1) => return Ok(()),
        // The others end it, or the test.
        ("silence" | "for ever", 1) => loop {
            std::thread::park();
        },
        _ => gather(2000),
    };
    let error = result.expect_err("the ranks disagree");
    tell_error(world.rank(), &error);
    assert_eq!(gather(2000), Err::<(), WorldError>(error.clone()), "a world that failed stays so");
    Err(error.into())
}
