//! The ways of three optimisers on a surface.

use super::surface::{BOWL, Surface, VALLEY};
use plot::Panel;
use std::error::Error;
use wengert::prelude::*;

/// A point counts as arrived when the value is below this.
pub(crate) const THRESHOLD: f64 = 1e-3;

/// Three optimisers from one start.
pub(crate) struct Comparison {
    pub(crate) surface: &'static Surface,
    pub(crate) start: [f64; 2],
    pub(crate) steps: usize,
    /// The shortest way comes last, so that it is drawn over the others.
    pub(crate) ways: Vec<Way>,
}

/// The points that an optimiser went through, from the start, and the values at them.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) rate: f64,
    pub(crate) points: Vec<(f64, f64)>,
    pub(crate) values: Vec<f64>,
}

/// The learning rates of plain descent, momentum and Adam.
struct Rates {
    sgd: f64,
    momentum: f64,
    adam: f64,
}

/// The notebook's surface, and Rosenbrock's.
pub(crate) fn run() -> Result<[Comparison; 2], Box<dyn Error>> {
    let rates = Rates { sgd: 0.1, momentum: 0.1, adam: 0.1 };
    let bowl = Comparison::run(&BOWL, [3.0, 2.0], 50, &rates)?;
    let rates = Rates { sgd: 1e-3, momentum: 1e-3, adam: 0.05 };
    let valley = Comparison::run(&VALLEY, [-1.5, 2.0], 2000, &rates)?;
    Ok([bowl, valley])
}

impl Comparison {
    fn run(
        surface: &'static Surface,
        start: [f64; 2],
        steps: usize,
        rates: &Rates,
    ) -> Result<Comparison, Box<dyn Error>> {
        let way = |name, rate, points: Vec<(f64, f64)>| {
            let values = surface.values(&points);
            Way { name, rate, points, values }
        };
        let momentum = Momentum::new(rates.momentum, 0.9)?;
        let ways = vec![
            way("Adam", rates.adam, descend(surface, start, steps, Adam::new(rates.adam)?)?),
            way("Momentum", rates.momentum, descend(surface, start, steps, momentum)?),
            way("SGD", rates.sgd, descend(surface, start, steps, Sgd::new(rates.sgd)?)?),
        ];
        Ok(Comparison { surface, start, steps, ways })
    }

    /// What the picture of the plane is called.
    pub(crate) fn title(&self) -> String {
        format!("{}, {} steps", self.surface.formula, self.steps)
    }

    /// The ways on the contours of the surface.
    pub(crate) fn plane(&self) -> Panel<'static> {
        let (surface, ranges) = (self.surface, &self.surface.ranges);
        let plane = Panel::new(self.title()).x_label("x").y_label("y").x_range(ranges.0.clone());
        let plane = match &ranges.1 {
            Some(y) => plane.y_range(y.clone()),
            None => plane.equal_axes(),
        };
        let plane = plane.contours_of(|points| surface.values(points), surface.levels);
        self.ways
            .iter()
            .fold(plane, |plane, way| plane.path(format!("{}, rate {}", way.name, way.rate), &way.points))
    }

    /// The values along the ways.
    pub(crate) fn fall(&self) -> Panel<'static> {
        let fall = Panel::new("Value after each step").x_label("step").y_label(self.surface.formula).log_y();
        self.ways.iter().fold(fall.y_span("arrived", 0.0..THRESHOLD), |fall, way| {
            let values: Vec<_> = way.values.iter().enumerate().map(|(step, &v)| (step as f64, v)).collect();
            fall.line(way.name, &values)
        })
    }
}

impl Way {
    /// Where it ends, the value there, and since which step the value stays below the threshold.
    pub(crate) fn end(&self) -> [String; 3] {
        let (x, y) = self.points.last().copied().unwrap_or_default();
        let value = self.values.last().copied().unwrap_or_default();
        // The step after the last one above the limit, because some ways pass below it and leave again.
        let settled = self.values.iter().rposition(|&v| v >= THRESHOLD).map_or(0, |step| step + 1);
        let settled =
            if settled < self.values.len() { settled.to_string() } else { "not reached".to_owned() };
        [format!("({x:.6}, {y:.6})"), format!("{value:.2e}"), settled]
    }
}

fn descend(
    surface: &Surface,
    mut point: [f64; 2],
    steps: usize,
    mut optimizer: impl Optimizer,
) -> Result<Vec<(f64, f64)>, optim::StepError> {
    let mut tape = Tape::new();
    let mut way = vec![(point[0], point[1])];
    for _ in 0..steps {
        let gradient = surface.gradient(&mut tape, point);
        optimizer.step_point(&mut point, &gradient)?;
        way.push((point[0], point[1]));
    }
    Ok(way)
}
