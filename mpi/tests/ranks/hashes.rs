//! The same weights, to the last bit, whoever computes them.

use crate::launch::{Ran, mpirun, tell};
use crate::scenes::{CHECKPOINT_AT, Folder, Scene};
use std::error::Error;
use wengert::parallel::{Counted, World as _};
use wengert::prelude::{Adam, Params};
use wengert_mpi::World;

/// The hash that all ranks tell.
fn hash_of(ran: &Ran, ranks: usize) -> u64 {
    let hashes: Vec<u64> =
        ran.lines("HASH").filter_map(|line| u64::from_str_radix(line.split(' ').next()?, 16).ok()).collect();
    assert!(
        ran.well && hashes.len() == ranks && hashes.iter().all(|hash| *hash == hashes[0]),
        "{}",
        ran.text
    );
    hashes[0]
}

pub(crate) fn one_hash_for_any_number_of_ranks() {
    let mut all = vec![];
    for shards in [8, 12] {
        let scene = Scene::new(shards);
        let trained = scene.alone(&Folder::new());
        all.push(trained.hash);
        println!("  {shards} shards: {:016x}", trained.hash);
        for ranks in 1..=4 {
            for scene in [scene.clone(), scene.clone().owners()] {
                assert_eq!(scene.threads(ranks), trained);
                assert_eq!(
                    hash_of(&scene.mpirun(ranks, &Folder::new()), ranks),
                    trained.hash,
                    "{ranks} ranks, {scene:?}"
                );
            }
        }
        assert_eq!(hash_of(&scene.without_mpirun(), 1), trained.hash);
    }
    assert_ne!(all[0], all[1], "the number of shards is part of what is trained");
}

/// Steps of which bytes are counted, the numbers of their slab with the loss, and what a rank tells each other before a step.
const COUNTED: u64 = 3;
const NUMBERS: u64 = 5001;
const HEADER: u64 = 48;

/// Where ranks and shards are powers of two: 2(N − 1)/N slabs from each rank in each step, on the average of the ranks.
pub(crate) fn bytes_are_those_of_the_formula() {
    for ranks in [2, 4] {
        for owners in ["false", "true"] {
            let ran = mpirun(ranks, &["count", owners]);
            let sent: Vec<u64> = ran.lines("SENT").map(|line| line.parse().unwrap()).collect();
            assert_eq!(sent.len(), ranks, "{}", ran.text);
            let (n, slab, sent): (u64, u64, u64) = (ranks as u64, 4 * NUMBERS, sent.iter().sum());
            println!("  {ranks} ranks, owners update: {owners}: {sent} bytes in {COUNTED} steps of {slab}");
            // Owners tell each other that all have updated.
            let headers = if owners == "true" { 2 } else { 1 };
            assert_eq!(
                sent,
                COUNTED * (2 * (n - 1) * slab + headers * n * (n - 1) * HEADER),
                "{ranks} ranks"
            );
        }
    }
}

/// Makes a few steps on this rank, and tells how many bytes it sent.
pub(crate) fn count(owners: bool) -> Result<(), Box<dyn Error>> {
    let world = Counted::new(World::join()?);
    let mut params = Params::f32().with_seed(1);
    let w = params.scope("net").param("w", [NUMBERS as usize - 1], 0.5);
    let shards = world.shards(8);
    let shards = if owners { shards.owners_update() } else { shards };
    let step =
        shards.trace(&params, |t| t.outputs((t.input("x", [1]) * w).square().mean()).with_gradients())?;
    let mut adam = Adam::new(0.1)?;
    let before = world.sent();
    for _ in 0..COUNTED {
        let x: Vec<f32> = step.part().rows(8).map(|row| row as f32).collect();
        step.step(&mut params, &mut adam, (&x,))?;
    }
    tell(&format!("SENT {}", world.sent() - before));
    Ok(())
}

pub(crate) fn a_training_goes_on_with_other_ranks() {
    let hash = Scene::new(8).alone(&Folder::new()).hash;
    for (before, after) in [(1, 4), (4, 1), (2, 3), (3, 2)] {
        for owners in [false, true] {
            let (folder, scene) = (Folder::new(), Scene { owners, ..Scene::new(8) });
            let ran = scene.clone().fault("error", before - 1).mpirun(before, &folder);
            assert!(!ran.well, "{}", ran.text);
            // Who updates is no part of what is trained.
            let ran = Scene { owners: !owners, ..scene }.mpirun(after, &folder);
            let goes_on = ran.lines("HASH").all(|line| line.ends_with(&format!(" {CHECKPOINT_AT}")));
            assert!(goes_on, "{}", ran.text);
            assert_eq!(hash_of(&ran, after), hash, "{before} ranks, then {after}");
        }
    }
}
