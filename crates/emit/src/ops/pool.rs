//! The first largest element of each window, a NaN being larger than all numbers before it; where it lies; and cotangents that go
//! there.

use super::conv::{nest, within};
use crate::at::At;
use crate::memory::{c_type, indices};
use autograd::planned::Sliding;

/// The search through the window of position `p0`, `p1`, … of plane `plane`: `best` and `where`.
fn search(at: &mut At<'_>, over: &Sliding) {
    let (t, axes) = (c_type(at.x[0].dtype), over.kernel.len());
    let lead = at.x[0].shape[..at.x[0].shape.len() - axes].to_vec();
    at.line(format!("{t} best = 0;\n  int where = -1;"));
    nest(at, "k", &over.kernel, |at| {
        for i in 0..axes {
            let (stride, dilation, before) = (over.stride[i], over.dilation[i], over.before[i]);
            at.line(format!("const int i{i} = p{i} * {stride} + k{i} * {dilation} - {before};"));
        }
        let mut place = indices(&lead, "plane");
        place.extend((0..axes).map(|i| format!("i{i}")));
        let (t, x) = (c_type(at.x[0].dtype), at.element(0, &place));
        at.block(format!("if ({}) {{", within("i", &over.input)), |at| {
            at.line(format!("const {t} x = {x};"));
            let number = (0..axes).fold(String::new(), |before, i| match i {
                0 => "i0".to_owned(),
                _ => format!("({before}) * {} + i{i}", over.input[i]),
            });
            at.line(format!("if (where < 0 || x > best || x != x) best = x, where = {number};"));
        });
    });
}

/// The largest itself, or where it lies in its plane.
pub(super) fn max(at: &mut At<'_>, over: &Sliding, place: bool) {
    let positions: usize = over.output.iter().product();
    at.each(at.elements(), |at| {
        let each = indices(&over.output, &format!("(e % {positions})"));
        let names: Vec<String> =
            each.iter().enumerate().map(|(i, index)| format!("p{i} = {index}")).collect();
        at.line(format!("const int plane = e / {positions}, {};", names.join(", ")));
        search(at, over);
        at.line(format!("{} = {};", at.result("e"), if place { "where" } else { "best" }));
    });
}

/// A plane is filled by one thread, window by window. Where windows are side by side and of two elements along each axis, an
/// element is a cotangent as it is; else a sum that begins with 0.
pub(super) fn max_back(at: &mut At<'_>, over: &Sliding) {
    let (axes, places): (usize, usize) = (over.kernel.len(), over.input.iter().product());
    let lead = at.x[0].shape[..at.x[0].shape.len() - axes].to_vec();
    let pairs = (0..axes).all(|i| {
        let fits = 2 * over.output[i] <= over.input[i];
        over.kernel[i] == 2 && over.stride[i] == 2 && over.before[i] == 0 && over.dilation[i] == 1 && fits
    });
    at.block(format!("WG_EACH(plane, {}) {{", lead.iter().product::<usize>()), |at| {
        let y = at.result(&format!("plane * {places} + i"));
        at.line(format!("for (int i = 0; i < {places}; ++i) {y} = 0;"));
        nest(at, "p", &over.output, |at| {
            search(at, over);
            let mut place = indices(&lead, "plane");
            place.extend((0..axes).map(|i| format!("p{i}")));
            let (g, y) = (at.element(1, &place), at.result(&format!("plane * {places} + where")));
            at.line(if pairs { format!("{y} = {g};") } else { format!("{y} = {y} + {g};") });
        });
    });
}
