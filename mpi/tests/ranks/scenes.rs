//! Trainings by the code of the example `distributed_mnist`, in which a rank may fail.

use crate::launch::{Ran, alone, mpirun, tell, tell_error, tell_fault};
use crate::training::{self, Plan, Samples, Trained};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use wengert::parallel::{Alone, Threads, World as _};
use wengert_mpi::World;

/// Before this step a rank fails; there is a checkpoint of one of the steps before.
pub(crate) const FAULT_AT: u64 = 12;
pub(crate) const CHECKPOINT_AT: u64 = 10;

/// A folder of its own for each training that is not told which.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("wengert-mpi-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::remove_dir_all(&folder).ok();
        Folder(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// One training, as arguments of a process tell it.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) shards: usize,
    pub(crate) owners: bool,
    /// What goes wrong, and on which rank.
    pub(crate) fault: Option<(String, usize)>,
}

impl Scene {
    pub(crate) const STEPS: u64 = 24;

    pub(crate) fn new(shards: usize) -> Scene {
        Scene { shards, owners: false, fault: None }
    }

    pub(crate) fn owners(self) -> Scene {
        Scene { owners: true, ..self }
    }

    pub(crate) fn fault(self, fault: &str, rank: usize) -> Scene {
        Scene { fault: Some((fault.to_owned(), rank)), ..self }
    }

    /// On so many ranks, with checkpoints in this folder.
    pub(crate) fn mpirun(&self, ranks: usize, folder: &Folder) -> Ran {
        mpirun(ranks, &self.arguments(folder))
    }

    /// As a process that nobody tells of ranks.
    pub(crate) fn without_mpirun(&self) -> Ran {
        alone(&self.arguments(&Folder::new()))
    }

    /// In this process.
    pub(crate) fn alone(&self, folder: &Folder) -> Trained {
        training::train(&Alone, &self.plan(&folder.0), Samples::small().unwrap(), |_| Ok(())).unwrap()
    }

    /// On threads of this process; all ranks give the same.
    pub(crate) fn threads(&self, ranks: usize) -> Trained {
        let folder = Folder::new();
        let train = |world: &Threads| {
            training::train(world, &self.plan(&folder.0), Samples::small().unwrap(), |_| Ok(())).unwrap()
        };
        let results = Threads::run(ranks, train);
        assert!(results.iter().all(|trained| *trained == results[0]), "{results:?}");
        results[0].clone()
    }

    fn arguments(&self, folder: &Folder) -> Vec<String> {
        let (fault, victim) = self.fault.clone().unwrap_or_default();
        let [shards, owners, victim] = [self.shards.to_string(), self.owners.to_string(), victim.to_string()];
        vec!["train".into(), shards, owners, fault, victim, folder.0.display().to_string()]
    }

    fn of_arguments(arguments: &[&str]) -> Option<(Scene, PathBuf)> {
        let [shards, owners, fault, victim, folder] = arguments else { return None };
        let victim = victim.parse().ok()?;
        let scene = Scene {
            shards: shards.parse().ok()?,
            owners: owners.parse().ok()?,
            fault: Some((*fault).to_owned()).filter(|fault| !fault.is_empty()).map(|fault| (fault, victim)),
        };
        Some((scene, folder.into()))
    }

    fn plan(&self, folder: &Path) -> Plan {
        let (shards, owners, folder) = (self.shards, self.owners, folder.to_owned());
        let (steps, checkpoint_every) = (Scene::STEPS, CHECKPOINT_AT);
        Plan { steps, batch: 48, shards, dropout: 0.25, seed: 1, owners, folder, checkpoint_every }
    }
}

/// What one rank of `mpirun` does.
pub(crate) fn rank(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let (scene, folder) = Scene::of_arguments(arguments).expect("the test gives the arguments of a scene");
    let world = World::join()?;
    let (rank, mut plan, mut samples) = (world.rank(), scene.plan(&folder), Samples::small()?);
    let fault = scene.fault.filter(|(_, victim)| *victim == rank).map(|(fault, _)| fault);
    let at_once = match fault.as_deref() {
        Some("another program") => {
            plan.dropout = 0.5;
            true
        }
        Some("other parameters") => {
            plan.seed = 2;
            true
        }
        Some("not finite") => {
            samples[0].x.fill(f32::NAN);
            true
        }
        _ => false,
    };
    if at_once {
        tell_fault();
    }
    let trained = training::train(&world, &plan, samples, |step| match &fault {
        Some(fault) if step == FAULT_AT && !at_once => fail(fault),
        _ => Ok(()),
    });
    match trained {
        Ok(Trained { hash, resumed, .. }) => {
            tell(&format!("HASH {hash:016x} {}", resumed.unwrap_or(0)));
            Ok(())
        }
        Err(error) => {
            // Before the world is left: `mpirun` ends all ranks as soon as one has ended badly.
            tell_error(rank, &*error);
            Err(error)
        }
    }
}

/// Fails, in one of the ways in which a process can.
fn fail(how: &str) -> Result<(), wengert::train::Error> {
    tell_fault();
    match how {
        "panic" => panic!("a rank is unwell"),
        "panic of a thread" => thread::scope(|scope| {
            scope.spawn(|| panic!("a thread is unwell"));
        }),
        "error" => return Err(wengert::train::Error::other("a rank gives up")),
        "exit" => process::exit(3),
        "abort" => process::abort(),
        "SIGKILL" => {
            Command::new("kill")
                .args(["-KILL", &process::id().to_string()])
                .status()
                .map_err(wengert::train::Error::other)?;
        }
        other => unreachable!("no fault is called {other}"),
    }
    unreachable!("{how} ends the process")
}
