//! smoke
use parallel::World as _;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let fault = std::env::args().nth(1).unwrap_or_default();
    let world = wengert_mpi::World::join()?.with_patience(std::time::Duration::from_secs(1));
    let n = world.size();
    for step in 0..5 {
        if step == 2 && world.rank() == 1 {
            match &*fault {
                "panic" => panic!("out of luck"),
                "worker" => {
                    std::thread::spawn(|| panic!("worker")).join().ok();
                }
                "error" => return Err("rank 1 gives up".into()),
                "exit" => std::process::exit(3),
                "abort" => std::process::abort(),
                "kill" => {
                    std::process::Command::new("kill")
                        .args(["-9", &std::process::id().to_string()])
                        .status()?;
                    std::thread::sleep(std::time::Duration::from_secs(5));
                }
                "stop" => {
                    std::process::Command::new("kill")
                        .args(["-STOP", &std::process::id().to_string()])
                        .status()?;
                    std::thread::sleep(std::time::Duration::from_secs(5));
                }
                "hang" => std::thread::sleep(std::time::Duration::from_secs(5)),
                "other" => {
                    world.exchange(&vec![1; n], &vec![1; n], &mut vec![0; n], &vec![1; n]).map_err(|e| {
                        eprintln!("rank {}: {e}", world.rank());
                        e
                    })?;
                }
                _ => {}
            }
        }
        let big = if step == 3 { 1 << 20 } else { 16 };
        let mut all = vec![0; big * n];
        world.gather(&vec![world.rank() as u8; big], &mut all, &vec![big; n]).map_err(|e| {
            eprintln!("rank {} step {step}: {e}", world.rank());
            e
        })?;
        assert!(all.chunks(big).enumerate().all(|(r, c)| c.iter().all(|x| *x == r as u8)));
        let mut x = [0.5f32, world.rank() as f32];
        world.sum(parallel::Numbers::F32(&mut x))?;
        if world.rank() == 0 {
            println!("step {step}: {x:?} {}", world.threads());
        }
    }
    Ok(())
}
