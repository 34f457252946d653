//! The summary of all parameters, as a table.

use super::Params;
use crate::dtype::DataRef;
use crate::lists::IntoList;
use std::fmt;

/// A summary table: name, shape, size, mean and standard deviation of each parameter.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|e| &e.name).chain(self.buffers.iter().map(|e| &e.name));
        let width = names.map(|name| name.chars().count()).max().unwrap_or(0).max(9);
        writeln!(
            f,
            "{:<width$}  {:>14}  {:>9}  {:>10}  {:>10}",
            "parameter", "shape", "elements", "mean", "std"
        )?;
        for e in &self.entries {
            let values: Vec<f64> = match self.slab.borrow() {
                DataRef::F32(v) => v[e.range.clone()].iter().map(|&x| f64::from(x)).listed(),
                DataRef::F64(v) => v[e.range.clone()].to_vec(),
                _ => unreachable!("a slab is F32 or F64"),
            };
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let std = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            let frozen = if e.frozen { "  frozen" } else { "" };
            let shape = e.shape.to_string();
            writeln!(
                f,
                "{:<width$}  {shape:>14}  {:>9}  {mean:>10.4}  {std:>10.4}{frozen}",
                e.name,
                values.len()
            )?;
        }
        for e in &self.buffers {
            let (shape, dtype) = (e.shape.to_string(), e.data.dtype());
            writeln!(f, "{:<width$}  {shape:>14}  {:>9}  state {dtype}", e.name, e.data.len())?;
        }
        let trained: usize = self.entries.iter().filter(|e| !e.frozen).map(|e| e.range.len()).sum();
        write!(f, "{} elements, {} trained, {}", self.elements(), trained, self.dtype())
    }
}
