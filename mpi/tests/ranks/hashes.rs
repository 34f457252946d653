//! The same weights, to the last bit, whoever computes them.

use crate::launch::Ran;
use crate::scenes::Scene;
use std::fs;

/// The hash that all ranks tell.
fn hash_of(ran: &Ran, ranks: usize) -> u64 {
    let hashes: Vec<u64> = ran
        .lines("HASH")
        .filter_map(|line| u64::from_str_radix(line.split(' ').next()?, 16).ok())
        .collect();
    assert!(ran.well && hashes.len() == ranks && hashes.iter().all(|hash| *hash == hashes[0]), "{}", ran.text);
    hashes[0]
}

pub(crate) fn one_hash_for_any_number_of_ranks() {
    let mut all = vec![];
    for shards in [8, 12] {
        let scene = Scene::new(shards);
        let trained = scene.alone();
        all.push(trained.hash);
        println!("  {shards} shards: {:016x}", trained.hash);
        for ranks in 1..=4 {
            for scene in [scene.clone(), scene.clone().owners()] {
                assert_eq!(scene.threads(ranks), trained);
                assert_eq!(hash_of(&scene.mpirun(ranks), ranks), trained.hash, "{ranks} ranks, {scene:?}");
            }
        }
        assert_eq!(hash_of(&scene.without_mpirun(), 1), trained.hash);
    }
    assert_ne!(all[0], all[1], "the number of shards is part of what is trained");
}

/// Where ranks and shards are powers of two: 2(N − 1)/N slabs from each rank in each step, and a header to each other rank.
pub(crate) fn bytes_are_those_of_the_formula() {
    const HEADER: u64 = 48;
    for ranks in [2, 4] {
        let ran = Scene::new(8).mpirun(ranks);
        let told: Vec<Vec<u64>> =
            ran.lines("SENT").map(|line| line.split(' ').map(|n| n.parse().unwrap()).collect()).collect();
        assert_eq!(told.len(), ranks, "{}", ran.text);
        let (sent, numbers): (u64, u64) = (told.iter().map(|rank| rank[0]).sum(), told[0][1]);
        let (n, slab) = (ranks as u64, 4 * numbers);
        let expected = Scene::STEPS * (2 * (n - 1) * slab + n * (n - 1) * HEADER);
        println!("  {ranks} ranks: {sent} bytes for {} steps of {slab} bytes", Scene::STEPS);
        assert_eq!(sent, expected, "{ranks} ranks");
    }
}

pub(crate) fn a_training_goes_on_with_other_ranks() {
    let folder = std::env::temp_dir().join(format!("wengert-mpi-resumed-{}", std::process::id()));
    let hash = Scene::new(8).alone().hash;
    for (before, after) in [(1, 4), (4, 1), (2, 3), (3, 2)] {
        for owners in [false, true] {
            fs::remove_dir_all(&folder).ok();
            let scene = Scene { owners, ..Scene::new(8).folder(&folder) };
            let ran = scene.clone().fault("error", before - 1).mpirun(before);
            assert!(!ran.well, "{}", ran.text);
            // Who updates is no part of what is trained.
            let ran = Scene { owners: !owners, ..scene }.mpirun(after);
            assert!(ran.lines("HASH").all(|line| line.contains(" 10 ")), "it goes on: {}", ran.text);
            assert_eq!(hash_of(&ran, after), hash, "{before} ranks, then {after}");
        }
    }
    fs::remove_dir_all(&folder).unwrap();
}
