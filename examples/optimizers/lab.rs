//! The section of a report: the ways in the plane, the values along them, and where they end.

use super::sheet;
use super::ways::{Comparison, THRESHOLD};
use report::{Section, Table};
use std::error::Error;

/// Three optimisers on two surfaces.
pub(crate) fn section(both: &[Comparison; 2]) -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new("Optimiser trajectories").text(
        "Plain descent (SGD), classical momentum (0.9) and Adam update a point by gradients of the tape.",
    );
    for comparison in both {
        section = section.section(one(comparison)?);
    }
    Ok(section)
}

fn one(comparison: &Comparison) -> Result<Section, Box<dyn Error>> {
    let Comparison { surface, start: [x, y], .. } = comparison;
    let caption = format!(
        "From ({x}, {y}): where each way ends, and since which step the value stays below {THRESHOLD}"
    );
    let table = Table::new(caption, ["optimiser", "rate", "ends at", "value", "below since step"]);
    let table = comparison.ways.iter().fold(table, |table, way| {
        let [end, value, settled] = way.end();
        table.row([way.name.to_owned(), way.rate.to_string(), end, value, settled])
    });
    let ends: Vec<String> =
        comparison.ways.iter().map(|way| format!("{} ends at {}", way.name, way.end()[0])).collect();
    Ok(Section::new(comparison.title())
        .pictures([
            sheet::picture(
                comparison.plane(),
                format!("The ways on the contours of {}", surface.formula),
                format!("Three ways from ({x}, {y}) on contour lines: {}", ends.join(", ")),
            )?,
            sheet::picture(
                comparison.fall(),
                "The value after each step",
                "The value along each way, on a logarithmic axis; the table below has the ends",
            )?,
        ])
        .table(table))
}
