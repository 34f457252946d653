//! How long a collective takes between ranks: the constants of the cost model in `docs/scale.md`.
//!
//! ```sh
//! cargo build --release --examples && mpirun --oversubscribe -n 2 target/release/examples/wire
//! ```

use std::time::Instant;
use wengert::parallel::{Numbers, World as _};
use wengert_mpi::World;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = World::join()?;
    let size = world.size();
    let mut heads = vec![0; 16 * size];
    let head =
        measure(&world, 2000, || world.gather(&[1; 16], &mut heads, &vec![16; size]).map_err(Into::into))?;
    if world.rank() == 0 {
        println!(
            "{size} ranks\n16 bytes from each to each: {:.1} µs, median {:.1}",
            head.0 * 1e6,
            head.1 * 1e6
        );
        println!("{:>10} {:>22} {:>22} {:>22}", "slab", "to its owners", "gathered", "summed by MPI");
    }
    for megabytes in [1, 4, 16, 64] {
        let slab = vec![1u8; (megabytes << 20) / size * size];
        let (part, mut other) = (slab.len() / size, slab.clone());
        let parts = vec![part; size];
        let exchange =
            measure(&world, 30, || world.exchange(&slab, &parts, &mut other, &parts).map_err(Into::into))?;
        let gather =
            measure(&world, 30, || world.gather(&slab[..part], &mut other, &parts).map_err(Into::into))?;
        let mut numbers = vec![1f32; slab.len() / 4];
        let sum = measure(&world, 30, || world.sum(Numbers::F32(&mut numbers)).map_err(Into::into))?;
        if world.rank() == 0 {
            let told = |(best, median): (f64, f64), share: f64| {
                let bytes = share * (size - 1) as f64 * part as f64;
                format!("{:.2} ms {:.2} GB/s {:.1}", best * 1e3, bytes / best / 1e9, median * 1e3)
            };
            println!(
                "{megabytes:>6} MiB {:>22} {:>22} {:>22}",
                told(exchange, 1.0),
                told(gather, 1.0),
                told(sum, 2.0)
            );
        }
    }
    Ok(())
}

/// The shortest time and the median, in seconds, of rounds that all ranks begin together.
fn measure(
    world: &World,
    rounds: usize,
    mut run: impl FnMut() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let mut times = vec![];
    for _ in 0..rounds {
        world.gather(&[0], &mut vec![0; world.size()], &vec![1; world.size()])?;
        let begun = Instant::now();
        run()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok((times[0], times[rounds / 2]))
}
