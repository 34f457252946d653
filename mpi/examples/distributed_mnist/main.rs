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

use parallel::World as _;
use std::error::Error;
use std::process::Command;
use training::{Plan, Samples, train};
use wengert_mpi::World;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut data, mut kill) = (None, None);
    let mut plan =
        Plan { steps: 300, batch: 64, shards: 8, dropout: 0.25, owners: false, checkpoints: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("a value has to follow {name}"));
        match &name[..] {
            "--data" => data = Some(value()?),
            "--folder" => plan.checkpoints = Some((value()?.into(), 20)),
            "--kill" => kill = Some(value()?.parse()?),
            "--owners" => plan.owners = true,
            "--shards" => plan.shards = value()?.parse()?,
            "--steps" => plan.steps = value()?.parse()?,
            _ => {
                let known = "--data, --folder, --kill, --owners, --shards and --steps";
                return Err(format!("{name}: there are {known}").into());
            }
        }
    }
    if plan.shards == 0 || !plan.batch.is_multiple_of(plan.shards) {
        return Err(format!("--shards {}: expected a divisor of {}, the batch", plan.shards, plan.batch).into());
    }
    let samples = data.map_or_else(Samples::small, |folder| Samples::mnist(&folder))?;
    let world = World::join()?;
    let trained = train(&world, &plan, &samples, |step| {
        if kill == Some(step) && world.rank() + 1 == world.size() {
            eprintln!("rank {} is killed before step {step}", world.rank());
            Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status()?;
        }
        Ok(())
    })?;
    if world.rank() == 0 {
        if trained.resumed > 0 {
            println!("went on from step {}", trained.resumed);
        }
        let (loss, right) = (trained.loss, 100.0 * trained.read_right);
        println!("{} steps, loss {loss:.4}, {right:.2} % of the held-out pictures read right", plan.steps);
        println!("{:016x} is the hash of the weights, on {} ranks", trained.hash, world.size());
    }
    Ok(())
}
