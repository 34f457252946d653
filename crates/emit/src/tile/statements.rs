//! Statements of a loop over a tile.

use super::Printer;
use super::phases::{KeptIn, Statement};
use crate::kernel::Writer;
use autograd::DType;
use autograd::planned::{Act, Arithmetic, Binary, Extent, Joint, Unary};
use autograd::printed;

impl Printer<'_> {
    pub(super) fn statement(&mut self, s: &Statement, phase: usize, extent: Extent, out: &mut Writer) {
        let x: Vec<String> = s.operands.iter().map(|&x| self.value(x, phase, extent)).collect();
        let (t, y) = (self.t, s.results[0]);
        match s.act {
            Act::Sigmoids { .. } => {
                self.several("sigmoids", &["y", "minus"], printed::sigmoids, &x[0], s, out)
            }
            Act::Tanhs { .. } => {
                self.several("tanhs", &["y", "plus", "minus"], printed::tanhs, &x[0], s, out)
            }
            Act::SigmoidAndSlope { .. } => {
                self.several("sigmoid_slope", &["y", "slope"], printed::sigmoid_and_slope, &x[0], s, out);
            }
            Act::TanhAndSlope { .. } => {
                self.several("tanh_slope", &["y", "slope"], printed::tanh_and_slope, &x[0], s, out);
            }
            act => {
                let expression = self.expression(act, &x);
                out.line(format!("const {t} v{y} = {expression};"));
            }
        }
        for &y in s.results.iter().filter(|&&y| self.values[y].is_kept()) {
            match (extent, self.values[y].kept_in) {
                (Extent::Rows, _) => out.line(format!("r{y}[r] = v{y};")),
                (Extent::Tile, KeptIn::Array(_)) => {
                    out.line(format!("{} = v{y};", self.kept(y, &self.local())));
                }
                // It is stored there anyway.
                (Extent::Tile, KeptIn::Result(_)) => {}
            }
        }
    }

    fn several(
        &mut self,
        name: &str,
        results: &[&str],
        body: fn(bool) -> String,
        x: &str,
        s: &Statement,
        out: &mut Writer,
    ) {
        let f = self.functions.several(name, results, self.code.dtype, body(self.code.dtype == DType::F64));
        let names: Vec<String> = s.results.iter().map(|y| format!("v{y}")).collect();
        let places: Vec<String> = names.iter().map(|name| format!("&{name}")).collect();
        out.line(format!("{} {};", self.t, names.join(", ")));
        out.line(format!("{f}({x}, {});", places.join(", ")));
    }

    fn expression(&mut self, act: Act, x: &[String]) -> String {
        let dtype = self.code.dtype;
        match (act, x) {
            (Act::Copy(_), [x]) => x.clone(),
            (Act::Unary(Unary::Neg, _), [x]) => format!("-{x}"),
            (Act::Unary(Unary::Square, _), [x]) => format!("{x} * {x}"),
            (Act::Unary(f, _), [x]) => format!("{}({x})", self.functions.unary(f, dtype)),
            (Act::Binary(f, ..), [a, b]) => match f {
                Binary::Add => format!("{a} + {b}"),
                Binary::Sub => format!("{a} - {b}"),
                Binary::Mul => format!("{a} * {b}"),
                Binary::Div => format!("{a} / {b}"),
                f => format!("{}({a}, {b})", self.functions.binary(f, dtype)),
            },
            (Act::Pair(first, second, _), [a, b, c]) => {
                let p = match first {
                    Arithmetic::Add => format!("({a} + {b})"),
                    Arithmetic::Sub => format!("({a} - {b})"),
                    Arithmetic::Mul => format!("({a} * {b})"),
                };
                match second {
                    Joint::Add => format!("{p} + {c}"),
                    Joint::Sub => format!("{p} - {c}"),
                    Joint::From => format!("{c} - {p}"),
                    Joint::Mul => format!("{p} * {c}"),
                }
            }
            (Act::Compare(relation, ..), [a, b]) => {
                format!("{a} {} {b} ? ({t}) 1 : ({t}) 0", printed::sign(relation), t = self.t)
            }
            (Act::Select(..), [m, a, b]) => format!("{m} != 0 ? {a} : {b}"),
            (Act::Truth(_), [x]) => format!("{x} != 0 ? ({t}) 1 : ({t}) 0", t = self.t),
            _ => unreachable!("every other act has a phase of its own"),
        }
    }
}
