//! Trainings by the code of the example `distributed_mnist`, in which a rank may fail.

use crate::launch::{Ran, alone, mpirun, tell, tell_fault};
use crate::training::{Plan, Samples, Trained, train};
use parallel::{Alone, Counted, Threads, World as _};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::thread;
use wengert_mpi::World;

/// Before this step a rank fails; there is a checkpoint of one of the steps before.
pub(crate) const FAULT_AT: u64 = 12;
pub(crate) const CHECKPOINT_AT: u64 = 10;

/// One training, as arguments of a process tell it.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) shards: usize,
    pub(crate) owners: bool,
    /// Where checkpoints are.
    pub(crate) folder: Option<PathBuf>,
    /// What goes wrong, and on which rank.
    pub(crate) fault: Option<(String, usize)>,
}

impl Scene {
    pub(crate) const STEPS: u64 = 24;

    pub(crate) fn new(shards: usize) -> Scene {
        Scene { shards, owners: false, folder: None, fault: None }
    }

    pub(crate) fn owners(self) -> Scene {
        Scene { owners: true, ..self }
    }

    pub(crate) fn folder(self, folder: &Path) -> Scene {
        Scene { folder: Some(folder.to_owned()), ..self }
    }

    pub(crate) fn fault(self, fault: &str, rank: usize) -> Scene {
        Scene { fault: Some((fault.to_owned(), rank)), ..self }
    }

    pub(crate) fn mpirun(&self, ranks: usize) -> Ran {
        mpirun(ranks, &self.arguments()).unwrap()
    }

    /// A process that nobody tells of ranks.
    pub(crate) fn without_mpirun(&self) -> Ran {
        alone(&self.arguments()).unwrap()
    }

    fn arguments(&self) -> Vec<String> {
        let (fault, victim) = self.fault.clone().unwrap_or_default();
        let folder = self.folder.as_ref().map_or_else(String::new, |folder| folder.display().to_string());
        let owners = self.owners.to_string();
        vec!["train".into(), self.shards.to_string(), owners, folder, fault, victim.to_string()]
    }

    fn of_arguments(arguments: &[&str]) -> Option<Scene> {
        let [shards, owners, folder, fault, victim] = arguments else { return None };
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Some(Scene {
            shards: shards.parse().ok()?,
            owners: owners.parse().ok()?,
            folder: some(folder).map(PathBuf::from),
            fault: some(fault).zip(victim.parse().ok()),
        })
    }

    fn plan(&self) -> Plan {
        let checkpoints = self.folder.clone().map(|folder| (folder, CHECKPOINT_AT));
        let (shards, owners) = (self.shards, self.owners);
        Plan { steps: Scene::STEPS, batch: 48, shards, dropout: 0.25, owners, checkpoints }
    }

    /// In this process.
    pub(crate) fn alone(&self) -> Trained {
        train(&Alone, &self.plan(), &Samples::small().unwrap(), |_| Ok(())).unwrap()
    }

    /// On threads of this process; all ranks give the same.
    pub(crate) fn threads(&self, ranks: usize) -> Trained {
        let samples = Samples::small().unwrap();
        let results = Threads::run(ranks, |world| train(world, &self.plan(), &samples, |_| Ok(())).unwrap());
        assert!(results.iter().all(|trained| *trained == results[0]), "{results:?}");
        results[0].clone()
    }
}

/// What one rank of `mpirun` does.
pub(crate) fn rank(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let scene = Scene::of_arguments(arguments).expect("the test gives the arguments of a scene");
    let world = Counted::new(World::join()?);
    let (rank, mut plan, mut samples) = (world.rank(), scene.plan(), Samples::small()?);
    let mut late = None;
    if let Some((fault, victim)) = &scene.fault
        && *victim == rank
    {
        match &fault[..] {
            "another plan" => plan.dropout = 0.5,
            "another checkpoint" => plan.checkpoints = Some(("/nowhere".into(), 1000)),
            "not finite" => samples[0].x.fill(f32::NAN),
            other => late = Some(other.to_owned()),
        }
        if late.is_none() {
            tell_fault();
        }
    }
    let trained = train(&world, &plan, &samples, |step| match &late {
        Some(fault) if step == FAULT_AT => fail(fault),
        _ => Ok(()),
    });
    match trained {
        Ok(Trained { hash, resumed, read_right, numbers, .. }) => {
            tell(&format!("HASH {hash:016x} {resumed} {read_right}"));
            tell(&format!("SENT {} {numbers}", world.sent()));
            Ok(())
        }
        Err(error) => {
            // Before the world is left: `mpirun` ends all ranks as soon as one has ended badly.
            tell(&format!("TOLD {rank} {error}"));
            Err(error)
        }
    }
}

/// Fails, in one of the ways in which a process can.
fn fail(how: &str) -> Result<(), Box<dyn Error>> {
    tell_fault();
    match how {
        "panic" => panic!("a rank is unwell"),
        "panic of a thread" => thread::scope(|scope| {
            scope.spawn(|| panic!("a thread is unwell"));
        }),
        "error" => return Err("a rank gives up".into()),
        "exit" => process::exit(3),
        "abort" => process::abort(),
        "SIGKILL" => {
            Command::new("kill").args(["-KILL", &process::id().to_string()]).status()?;
        }
        other => unreachable!("no fault is called {other}"),
    }
    unreachable!("{how} ends the process")
}
