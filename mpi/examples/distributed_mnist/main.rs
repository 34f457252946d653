//! A network reads handwritten digits, and is trained by as many processes as one likes: the weights are the same to the last bit.
//!
//! ```sh
//! cargo build --release --example distributed_mnist
//! target/release/examples/distributed_mnist                             # one rank
//! mpirun --oversubscribe -n 2 target/release/examples/distributed_mnist # the same hash
//! ```
//!
//! `--data FOLDER`: MNIST, the four files as for the example `mnist` of `wengert`; else the small digits of `datasets`.
//! `--folder RUN`: checkpoints, and the training goes on from the newest, on any number of ranks. `--owners`: the owner of a slice of
//! the parameters updates it (ZeRO-1). `--steps N`, `--shards S`. `--kill STEP`: the last rank is killed before this step, to see
//! what happens to the others; run again without, the training goes on, and ends with the same hash.

mod training;

use ndarray::Axis;
use std::error::Error;
use std::process::{self, Command};
use training::{Plan, Samples};
use wengert::parallel::World as _;
use wengert::{datasets, train};
use wengert_mpi::World;

/// What the command line says.
struct Options {
    plan: Plan,
    data: Option<String>,
    /// The checkpoints are nobody's, and deleted in the end.
    is_temporary: bool,
    kill: Option<u64>,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("wengert-distributed-{}", process::id()));
        let (steps, batch, shards, dropout) = (300, 64, 8, 0.25);
        let plan =
            Plan { steps, batch, shards, dropout, seed: 1, owners: false, folder, checkpoint_every: 20 };
        let mut options = Options { plan, data: None, is_temporary: true, kill: None };
        let plan = &mut options.plan;
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("a value has to follow {name}"));
            match &name[..] {
                "--data" => options.data = Some(value()?),
                "--folder" => (plan.folder, options.is_temporary) = (value()?.into(), false),
                "--kill" => options.kill = Some(value()?.parse()?),
                "--owners" => plan.owners = true,
                "--shards" => plan.shards = value()?.parse()?,
                "--steps" => plan.steps = value()?.parse()?,
                _ => {
                    let known = "--data, --folder, --kill, --owners, --shards and --steps";
                    return Err(format!("{name}: there are {known}").into());
                }
            }
        }
        if plan.shards == 0 || !batch.is_multiple_of(plan.shards) {
            return Err(format!("--shards {}: expected a divisor of {batch}, the batch", plan.shards).into());
        }
        Ok(options)
    }
}

/// Those of the four files of MNIST in a folder.
fn mnist(folder: &str) -> Result<[Samples; 2], Box<dyn Error>> {
    let (train, held_out) = datasets::idx::mnist(folder)?;
    Ok([train, held_out].map(|images| {
        let x = images.x_f32();
        let (n, pixels): (usize, usize) = (x.len_of(Axis(0)), x.shape()[1..].iter().product());
        let x = x.into_shape_with_order((n, pixels)).expect("pixels follow each other");
        Samples { x, y: images.y }
    }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { plan, data, is_temporary, kill } = Options::read(std::env::args().skip(1))?;
    let samples = data.map_or_else(Samples::small, |folder| mnist(&folder))?;
    let world = World::join()?;
    let trained = training::train(&world, &plan, samples, |step| {
        if kill == Some(step) && world.rank() + 1 == world.size() {
            eprintln!("rank {} is killed before step {step}", world.rank());
            Command::new("kill")
                .args(["-KILL", &process::id().to_string()])
                .status()
                .map_err(train::Error::other)?;
        }
        Ok(())
    })?;
    if world.rank() == 0 {
        if let Some(step) = trained.resumed {
            println!("went on from step {step}");
        }
        let right = 100.0 * trained.read_right;
        println!("{} steps, {right:.2} % of the held-out pictures read right", plan.steps);
        println!("{:016x} is the hash of the weights; ranks: {}", trained.hash, world.size());
        if is_temporary {
            std::fs::remove_dir_all(&plan.folder)?;
        }
    }
    Ok(())
}
