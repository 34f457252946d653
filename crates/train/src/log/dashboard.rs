//! A live view in the terminal.

use super::{Error, Log};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, Paragraph};
use ratatui::{Frame, Terminal};
use std::io::{self, Stdout};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A live view of a run in the terminal: how far it is, its rate and remaining time, the curves of all numbers, and the newest ones.
///
/// It takes the terminal's other screen, and gives the first one back when it is dropped.
pub struct Dashboard<B: Backend = CrosstermBackend<Stdout>> {
    terminal: Terminal<B>,
    board: Board,
    began: (Instant, u64),
    drawn: Option<Instant>,
    leave: fn(&mut Terminal<B>),
}

/// How often it is drawn at most.
const PAUSE: Duration = Duration::from_millis(100);

impl<B: Backend> std::fmt::Debug for Dashboard<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dashboard").field("board", &self.board).finish_non_exhaustive()
    }
}

impl Dashboard {
    /// One on the terminal of the program.
    ///
    /// # Errors
    /// If the output is no terminal.
    pub fn new() -> Result<Dashboard, Error> {
        use ratatui::crossterm::execute;
        use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
        let terminal = || {
            execute!(io::stdout(), EnterAlternateScreen)?;
            Terminal::new(CrosstermBackend::new(io::stdout()))
        };
        let terminal = terminal().map_err(failed)?;
        Ok(Dashboard::on(terminal, |terminal| {
            // Nobody is there to be told that the terminal is gone.
            let _ = execute!(io::stdout(), LeaveAlternateScreen).and_then(|()| terminal.show_cursor());
        }))
    }
}

impl<B: Backend> Dashboard<B> {
    fn on(terminal: Terminal<B>, leave: fn(&mut Terminal<B>)) -> Dashboard<B> {
        Dashboard { terminal, board: Board::default(), began: (Instant::now(), 0), drawn: None, leave }
    }

    fn draw(&mut self) -> Result<(), Error> {
        let seconds = self.began.0.elapsed().as_secs_f64();
        self.board.rate = (self.board.step - self.began.1) as f64 / seconds.max(1e-9);
        let drawn = self.terminal.draw(|frame| self.board.draw(frame)).map(|_| ());
        drawn.map_err(|error| failed(io::Error::other(error.to_string())))?;
        self.drawn = Some(Instant::now());
        Ok(())
    }
}

fn failed(source: io::Error) -> Error {
    Error::Io { file: PathBuf::from("(terminal)"), action: "draw", source }
}

impl<B: Backend> Log for Dashboard<B> {
    fn begin(&mut self, step: u64, steps: Option<u64>) -> Result<(), Error> {
        self.board.steps = steps;
        self.board.step = step;
        for (_, points) in &mut self.board.curves {
            points.retain(|(at, _)| step > 0 && *at <= step as f64);
        }
        self.began = (Instant::now(), step);
        self.draw()
    }

    fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), Error> {
        for (name, value) in values {
            self.board.add(name, step, *value);
        }
        Ok(())
    }

    fn tick(&mut self, step: u64) -> Result<(), Error> {
        self.board.step = step;
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE) {
            self.draw()?;
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), Error> {
        self.draw()
    }
}

impl<B: Backend> Drop for Dashboard<B> {
    fn drop(&mut self) {
        (self.leave)(&mut self.terminal);
    }
}

/// What is shown.
#[derive(Debug, Default)]
struct Board {
    step: u64,
    steps: Option<u64>,
    /// Steps in a second.
    rate: f64,
    curves: Vec<(String, Vec<(f64, f64)>)>,
}

/// The most points of a curve: a terminal shows no more, and memory has an end.
const POINTS: usize = 2048;

const COLORS: [Color; 6] =
    [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Blue, Color::Red];

impl Board {
    /// Adds a point. A curve that has too many loses every other one.
    fn add(&mut self, name: &str, step: u64, value: f64) {
        let at = self.curves.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.curves.push((name.to_owned(), vec![]));
            self.curves.len() - 1
        });
        let points = &mut self.curves[at].1;
        points.push((step as f64, value));
        if points.len() > POINTS {
            let mut number = 0;
            points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let numbers = self.curves.len() as u16 + 2;
        let rows = [Constraint::Length(3), Constraint::Min(6), Constraint::Length(numbers)];
        let [above, middle, below] = Layout::vertical(rows).areas(frame.area());
        frame.render_widget(self.gauge(), above);
        self.draw_chart(frame, middle);
        let lines: Vec<Line<'_>> = self
            .each()
            .map(|(name, points, color)| {
                let newest = points.last().map_or(f64::NAN, |(_, y)| *y);
                Line::styled(format!("{name:<24} {newest:.6}"), Style::new().fg(color))
            })
            .collect();
        frame.render_widget(Paragraph::new(lines).block(Block::bordered().title("newest")), below);
    }

    fn each(&self) -> impl Iterator<Item = (&str, &[(f64, f64)], Color)> {
        let colors = COLORS.into_iter().cycle();
        self.curves.iter().zip(colors).map(|((name, points), color)| (&name[..], &points[..], color))
    }

    fn gauge(&self) -> Gauge<'_> {
        let rate = format!("{:.1} steps/s", self.rate);
        let (part, label) = match self.steps {
            Some(steps) if steps > 0 => {
                let left = (steps.saturating_sub(self.step)) as f64 / self.rate.max(1e-9);
                let label = format!("step {} of {steps}, {rate}, {left:.0} s left", self.step);
                (self.step as f64 / steps as f64, label)
            }
            _ => (0.0, format!("step {}, {rate}", self.step)),
        };
        Gauge::default().block(Block::bordered().title("training")).ratio(part.clamp(0.0, 1.0)).label(label)
    }

    fn draw_chart(&self, frame: &mut Frame<'_>, area: ratatui::layout::Rect) {
        let points = || self.curves.iter().flat_map(|(_, points)| points).filter(|(_, y)| y.is_finite());
        let bounds = |of: fn(&(f64, f64)) -> f64| {
            let (low, high) = points()
                .map(of)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            if low < high {
                [low, high]
            } else if low == high {
                [low - 0.5, low + 0.5]
            } else {
                [0.0, 1.0]
            }
        };
        let axis =
            |bounds: [f64; 2]| Axis::default().bounds(bounds).labels(bounds.map(|x| format!("{x:.4}")));
        let curves = self.each().map(|(name, points, color)| {
            let curve = Dataset::default().name(name).data(points).graph_type(GraphType::Line);
            curve.marker(Marker::Braille).style(Style::new().fg(color))
        });
        let chart = Chart::new(curves.collect())
            .block(Block::bordered().title("curves"))
            .x_axis(axis(bounds(|p| p.0)))
            .y_axis(axis(bounds(|p| p.1)));
        frame.render_widget(chart, area);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::backend::TestBackend;

    fn text(dashboard: &Dashboard<TestBackend>) -> String {
        let buffer = dashboard.terminal.backend().buffer();
        buffer.content().iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn it_shows_steps_curves_and_the_newest_numbers() {
        let terminal = Terminal::new(TestBackend::new(90, 24)).unwrap();
        let mut dashboard = Dashboard::on(terminal, |_| {});
        dashboard.begin(10, Some(40)).unwrap();
        assert!(text(&dashboard).contains("step 10 of 40"));
        for step in 11..=30 {
            dashboard.scalars(step, &[("loss", 1.0 / step as f64), ("rate", f64::NAN)]).unwrap();
            dashboard.tick(step).unwrap();
        }
        dashboard.scalars(30, &[("accuracy", 0.75)]).unwrap();
        dashboard.keep().unwrap();
        let shown = text(&dashboard);
        for part in
            ["step 30 of 40", "steps/s", "s left", "curves", "accuracy                 0.750000", "loss"]
        {
            assert!(shown.contains(part), "{part} is not in\n{shown}");
        }
        assert!(shown.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "no curve in\n{shown}");
    }

    #[test]
    fn curves_stay_short_and_are_cut() {
        let terminal = Terminal::new(TestBackend::new(20, 5)).unwrap();
        let mut dashboard = Dashboard::on(terminal, |_| {});
        (1..=100_000).for_each(|step| dashboard.board.add("loss", step, 0.0));
        assert!(dashboard.board.curves[0].1.len() <= POINTS);
        dashboard.begin(50_000, None).unwrap();
        assert!(dashboard.board.curves[0].1.iter().all(|(step, _)| *step <= 50_000.0));
    }
}
