//! Discrete Fourier transforms: the group `fft`.

use autograd::{FftNorm, Var};

use crate::args::Args;
use crate::evaluate::evaluate;
use crate::ops::Row;
use crate::runner::{Handler, Refusal};

const PLAIN: FftNorm = FftNorm::Backward;

pub(crate) fn find(op: &str) -> Option<Handler> {
    let row: Row = match op {
        "rfft" => |x, a| x[0].rfft(a.axis(), norm(a)),
        "irfft" => |x, a| x[0].irfft(a.axis(), a.need("n"), norm(a)),
        "fft_real" => |x, a| complex(x[0]).fft(a.axis(), norm(a)),
        "ifft_real" => |x, a| complex(x[0]).ifft(a.axis(), norm(a)),
        "fft" => |x, a| x[0].fft(a.axis(), norm(a)),
        "ifft" => |x, a| x[0].ifft(a.axis(), norm(a)),
        "fft2_real" => |x, a| complex(x[0]).fft(-1, norm(a)).fft(-2, norm(a)),
        "power_spectrum" => |x, a| x[0].rfft(a.axis(), norm(a)).square().sum_over(-1),
        "spectral_low_pass" => |x, a| {
            let (keep, n) = (a.need::<usize>("keep"), x[0].shape()[x[0].rank() - 1]);
            let all = x[0].rfft(-1, PLAIN);
            all.slice(-2, ..(keep + 1).min(n / 2 + 1)).irfft(-1, n, PLAIN)
        },
        "fftconvolve" => |x, a| convolved(x[0], x[1], a),
        "dct" => |x, a| {
            a.says("type", 2);
            cosines(x[0])
        },
        _ => return None,
    };
    Some(Handler::new(Refusal::PanicInCaller, move |case, _| evaluate(case, row)))
}

fn norm(args: &Args) -> FftNorm {
    match args.optional("norm", "backward".to_owned()).as_str() {
        "backward" => FftNorm::Backward,
        "ortho" => FftNorm::Ortho,
        "forward" => FftNorm::Forward,
        _ => args.unknown("norm"),
    }
}

fn complex(x: Var<'_>) -> Var<'_> {
    Var::stack(&[x, x.full_like(0.0)], -1)
}

/// A convolution along the last axis, as a product of transforms of the full length.
fn convolved<'t>(x: Var<'t>, h: Var<'t>, args: &Args) -> Var<'t> {
    let [n, m] = [x, h].map(|v| v.shape()[v.rank() - 1]);
    let full = n + m - 1;
    let [a, b] = [(x, m - 1), (h, n - 1)].map(|(v, after)| v.pad(-1, 0, after).rfft(-1, PLAIN));
    let y = a.complex_mul(b).irfft(-1, full, PLAIN);
    match args.need::<String>("mode").as_str() {
        "full" => y,
        "same" => y.slice(-1, (m - 1) / 2..(m - 1) / 2 + n),
        "valid" => y.slice(-1, m.min(n) - 1..m.max(n)),
        _ => args.unknown("mode"),
    }
}

/// yₖ = 2·Σ xⱼ·cos(π·k·(2j + 1)/(2n)): the transform of x and its mirror image, turned by half a step.
fn cosines(x: Var<'_>) -> Var<'_> {
    let n = x.shape()[x.rank() - 1];
    let y = Var::concat(&[x, x.flip(-1)], -1).rfft(-1, PLAIN).slice(-2, ..n);
    let turn: Vec<f64> = (0..n)
        .flat_map(|k| {
            let angle = std::f64::consts::PI * k as f64 / (2 * n) as f64;
            [angle.cos(), -angle.sin()]
        })
        .collect();
    y.complex_mul(x.tape().constant(&turn[..]).reshape([n, 2])).index(-1, 0)
}
