//! The error function and the normal distribution. The coefficients are our minimax fits.

use super::abs;
use super::exp::exp_falling;
use crate::number::{Digits, Num, Size, if_gt, if_lt};

constants! {
    /// Below this, erf x is x + x·P(x²).
    erf_near: 0.95, 1.0;
    /// From here on, erf x is 1.
    erf_one: 4.0, 6.0;
    /// Below this, Φ(x) is ½ + x·P(x²).
    normal_near: 0.8, 0.8;
    /// From here on, Φ(−x) is 0.
    normal_zero: 14.5, 39.0;
    /// K in the variable of Mills' ratio.
    pivot: 4.0, 5.0;
}

polynomials! {
    erf_centre:
        single 0.12837917, -0.37612632, 0.1128366, -0.026857436, 0.005196235, -0.0008089291, 8.149131e-05;
        double 0.1283791670955126, -0.3761263890318375, 0.11283791670954883, -0.026866170645077635, 0.005223977624826339,
            -0.0008548326981316882, 0.00012055331129360132, -1.4925595693604448e-05, 1.6461007329755034e-06,
            -1.6350385126957837e-07, 1.466026064905091e-08, -1.1374715708519263e-09, 5.960315046748805e-11;
    /// −ln erfc.
    erf_tail:
        single -0.00016921622, 1.1294885, 0.63340074, 0.1082205, -0.025080696, 0.004156288, -0.00043140136, 2.0829406e-05;
        double 1.5071776159017076e-07, 1.128377611985104, 0.6366271999403657, 0.10275089077605962, -0.01908528043568316,
            -0.00027021237675586135, 0.0017576885349304301, -0.0006314565022455686, 3.8222099279141787e-05,
            7.393895623644243e-05, -4.6581357876904143e-05, 1.7045549596396923e-05, -4.4717727828488785e-06,
            8.813077089630605e-07, -1.3068334847775554e-07, 1.4220301404280992e-08, -1.07476200099812e-09,
            5.0468755866154074e-11, -1.1093321303814114e-12;
    normal_centre:
        single 0.3989423, -0.06649024, 0.00997183, -0.0011796704, 0.000101401165;
        double 0.3989422804014327, -0.06649038006690541, 0.009973557010034238, -0.00118732821544882,
            0.0001154346872938808, -9.444654372027603e-06, 6.659626121238541e-07, -4.121174219263464e-08,
            2.2534343934601247e-09, -9.78456257897894e-11;
    mills:
        single 0.75528514, -0.60789657, 0.3871369, -0.18652344, 0.06040384, -0.0075252843, -0.003512584, 0.0015699388,
            0.00017940057, -0.00013195304;
        double 0.769193049750063, -0.6653825028900566, 0.495305615969977, -0.31353315667131576, 0.16502036617036162,
            -0.06911863870595228, 0.020795066800241076, -0.002993376775688382, -0.000797869401465007,
            0.0005448991058107945, -5.937571137332328e-05, -4.9763010016199354e-05, 1.6681145160078732e-05,
            3.981490758992063e-06, -2.7690559111631696e-06, -3.37742559963929e-07, 4.3268736441688173e-07,
            4.3612042000252846e-08, -6.532053249459241e-08, -1.0210925486874039e-08, 7.1822014144217375e-09,
            2.0139893943827263e-09;
}

/// erf x = x + x·P(x²) near 0, and ±(1 − e^(−Q(|x|))) beyond, where Q = −ln erfc.
#[inline(always)]
pub(crate) fn erf<N: Digits>(x: Num<N>) -> Num<N> {
    let a = abs(x);
    let z = a * a;
    let near = a.mul_add(erf_centre(z), a);
    let b = if_gt(a, erf_one::<N>(), erf_one::<N>(), a);
    let far = 1.0 - exp_falling(-erf_tail(b));
    if_lt(a, erf_near::<N>(), near, far).copysign(x)
}

/// Φ(x) = ½ + x·P(x²) near 0. Beyond, for x < 0, as e^(−x²/2)·M(u)/(|x| + K) with u = (|x| − K)/(|x| + K), where M is Mills'
/// ratio times |x| + K: it keeps its relative accuracy far out. For x > 0 as 1 − Φ(−x).
#[inline(always)]
pub(crate) fn normal_cdf<N: Digits>(x: Num<N>) -> Num<N> {
    let pivot = pivot::<N>();
    let a = abs(x);
    let a = if_gt(a, normal_zero::<N>(), normal_zero::<N>(), a);
    let square = a * a;
    // What the rounding of the square lost, relative to e^(−x²/2).
    let lost = -0.5 * a.fused_within(a, -square);
    let e = exp_falling(-0.5 * square);
    let sum = a + pivot;
    let back = sum - a;
    let sum_lost = (a - (sum - back)) + (pivot - back);
    let d = 1.0 / sum;
    // By how much 1/(|x| + K) is more than d, relative to it.
    let residual = (-d).fused_within(sum, 1.0) - d * sum_lost;
    let step = -2.0 * pivot * d;
    let u = (1.0 + step) + step * residual;
    let below = e * mills(u) * d;
    let below = below.mul_add(lost + residual, below);
    let far = if_gt(x, 0.0, 1.0 - below, below);
    let near = x.mul_add(normal_centre(square), 0.5);
    if_lt(a, normal_near::<N>(), near, far)
}
