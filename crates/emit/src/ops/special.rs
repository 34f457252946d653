//! Special functions by series, in double precision: see `text/special`.

use crate::at::At;
use autograd::planned::Family;

/// A function of a family, of this order.
pub(super) fn family(at: &mut At<'_>, family: Family, order: u32) {
    let name = match (family, order) {
        (Family::LnGamma, 0) => "ln_gamma",
        (Family::LnGamma, 1) => "digamma",
        (Family::LnGamma, _) => "polygamma",
        (Family::Gamma, _) => "gamma",
        (Family::Erfc, _) => "erfc",
        (Family::Erfcx, _) => "erfcx",
        (Family::Erfinv, _) => "erfinv",
        (Family::NormalQuantile, _) => "normal_quantile",
        (Family::BesselJ, _) => "bessel_j",
        (Family::BesselI, _) => "bessel_i",
        (Family::I0e, _) => "bessel_i0e",
        (Family::I1e, _) => "bessel_i1e",
        (Family::Sinc, _) => "sinc",
        (Family::Sinhc, _) => "sinhc",
        (Family::Phi1, _) => "phi1",
        (Family::TanhShrink, _) => "tanh_shrink",
        (Family::Entropy, _) => "entropy",
    };
    at.functions.special(match family {
        Family::LnGamma | Family::Gamma => "GAMMA",
        Family::Erfc | Family::Erfcx | Family::Erfinv | Family::NormalQuantile => "ERROR",
        Family::BesselJ | Family::BesselI | Family::I0e | Family::I1e => "BESSEL",
        _ => "ENTIRE",
    });
    let t = at.types().0;
    at.each(at.elements(), |at| {
        let (x, y) = (format!("(double) {}", at.nth(0, "e")), at.result("e"));
        let value = match (family, order) {
            (Family::LnGamma, 0 | 1) => format!("wg_{name}({x})"),
            (Family::LnGamma, _) => {
                at.line(format!("double p[{}];", order + 1));
                format!("wg_{name}({}, {x}, p)", order - 1)
            }
            _ => format!("wg_{name}({order}, {x})"),
        };
        at.line(format!("{y} = ({t}) {value};"));
    });
}

pub(super) fn incomplete_gamma(at: &mut At<'_>, order: u32, upper: bool) {
    at.functions.special("GAMMA");
    at.functions.special("INCOMPLETE");
    let t = at.types().0;
    at.each(at.elements(), |at| {
        let (a, x, y) = (at.nth(0, "e"), at.nth(1, "e"), at.result("e"));
        at.line(format!("double area[{}];", 5 * (order + 1)));
        at.line(format!(
            "{y} = ({t}) wg_incomplete_gamma({order}, {}, (double) {a}, (double) {x}, area);",
            u8::from(upper)
        ));
    });
}
