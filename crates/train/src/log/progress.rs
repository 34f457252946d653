//! A progress bar.

use super::{Error, Log};
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on the terminal: steps, steps in a second, remaining time, and the newest numbers. Where the output is no terminal, it
/// shows nothing.
///
/// ```
/// use train::log::{Log, Progress};
/// let mut bar = Progress::default();
/// bar.begin(0, Some(2))?;
/// bar.scalars(1, &[("loss", 0.5)])?;
/// bar.tick(1)?;
/// # Ok::<(), train::log::Error>(())
/// ```
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    newest: Vec<(String, f64)>,
}

impl Default for Progress {
    fn default() -> Progress {
        Progress::with(ProgressBar::no_length())
    }
}

impl Progress {
    fn with(bar: ProgressBar) -> Progress {
        Progress { bar, newest: vec![] }
    }
}

impl Log for Progress {
    fn begin(&mut self, step: u64, steps: Option<u64>) -> Result<(), Error> {
        let template = match steps {
            Some(_) => "{bar:30} {pos}/{len}  {per_sec}  {eta} left  {msg}",
            None => "{spinner} {pos}  {per_sec}  {msg}",
        };
        self.bar.set_style(ProgressStyle::with_template(template).expect("a template"));
        if let Some(steps) = steps {
            self.bar.set_length(steps);
        }
        // What was made before a restart is no work of this one: the rate begins here.
        self.bar.set_position(step);
        self.bar.reset_eta();
        Ok(())
    }

    fn scalars(&mut self, _: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        for (name, value) in values {
            match self.newest.iter_mut().find(|(known, _)| known == name) {
                Some((_, newest)) => *newest = *value,
                None => self.newest.push(((*name).to_owned(), *value)),
            }
        }
        let shown: Vec<String> =
            self.newest.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        self.bar.set_message(shown.join("  "));
        Ok(())
    }

    fn tick(&mut self, step: u64) -> Result<(), Error> {
        self.bar.set_position(step);
        Ok(())
    }
}

impl Drop for Progress {
    /// The bar stays as it was, and the next line stands below.
    fn drop(&mut self) {
        self.bar.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_the_step_and_the_newest_numbers() {
        let mut log = Progress::with(ProgressBar::hidden());
        log.begin(3, Some(10)).unwrap();
        log.scalars(4, &[("loss", 0.5)]).unwrap();
        log.scalars(4, &[("accuracy", 0.75), ("loss", 0.25)]).unwrap();
        log.tick(4).unwrap();
        assert_eq!((log.bar.position(), log.bar.length()), (4, Some(10)));
        assert_eq!(log.bar.message(), "loss 0.2500  accuracy 0.7500");
    }
}
