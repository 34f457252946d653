//! The section of a report: the curves, and a table of values.

use super::curves::{FUNCTIONS, TABLE, derivatives, panel};
use super::sheet;
use report::{Section, Table};
use std::error::Error;

/// The activation functions.
pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    let columns = ["function".to_owned()].into_iter().chain(TABLE.map(|x| format!("x = {x}")));
    let mut table = Table::new("Values, first and second derivatives", columns);
    let mut pictures = Vec::with_capacity(FUNCTIONS.len());
    for (name, function) in FUNCTIONS {
        let at_table = derivatives(function, &TABLE);
        for (label, values) in ["f", "f′", "f″"].into_iter().zip(&at_table) {
            let values = values.iter().map(|v| format!("{v:.6}"));
            table = table.row([format!("{name} {label}")].into_iter().chain(values));
        }
        let [f, first, second] = at_table.map(|values| values[TABLE.len() / 2]);
        let description = format!(
            "{name} and its derivatives from −5 to 5; at 0, f = {f:.3}, f′ = {first:.3}, f″ = {second:.3}"
        );
        pictures.push(sheet::picture(panel(name, function), name, description)?);
    }
    Ok(Section::new("Activation functions with their derivatives")
        .text(
            "The first derivative is the gradient of Σ f over all points, since each point affects its own term alone; the \
             second is the gradient of the first. At a kink the tape takes the derivative from the left.",
        )
        .pictures(pictures)
        .table(table))
}
