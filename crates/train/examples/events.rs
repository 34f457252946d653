//! Writes an event file with a part of everything: `tests/events.py` reads it by TensorBoard.

use train::log::{Error, Log, TensorBoard};

fn main() -> Result<(), Error> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/events".to_owned());
    let mut log = TensorBoard::new(&folder);
    log.begin(0, Some(10))?;
    for step in 1..=10 {
        log.scalars(step, &[("loss/train", 0.5f64.powi(step as i32)), ("rate", 0.1)])?;
        if step == 7 {
            // As if training went on from a checkpoint of step 4.
            log.begin(4, Some(10))?;
            for step in 5..=7 {
                log.scalars(step, &[("loss/train", 0.5f64.powi(step as i32)), ("rate", 0.1)])?;
            }
        }
    }
    log.histogram(10, "weights", &[-1.0, 0.25, 0.25, 2.0])?;
    log.image(10, "squares", 2, 1, &[255, 0, 0, /**/ 0, 0, 255])?;
    log.keep()?;
    println!("{}", log.path().display());
    Ok(())
}
