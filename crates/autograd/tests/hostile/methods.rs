//! The methods of `Var` that record, by name, each with arguments that are drawn. A test compares with the list of the public face.

use super::draw::Draw;
use autograd::custom::{Function, Loops, Point};
use autograd::ndarray::{ArrayViewD, ArrayViewMutD};
use autograd::{AttentionForm, Bag, Keep, Quantile, Shape, Var};

/// What a method gives.
pub(crate) trait Results<'t> {
    fn results(self) -> Vec<Var<'t>>;
}
impl<'t> Results<'t> for Var<'t> {
    fn results(self) -> Vec<Var<'t>> {
        vec![self]
    }
}
impl<'t> Results<'t> for (Var<'t>, Var<'t>) {
    fn results(self) -> Vec<Var<'t>> {
        vec![self.0, self.1]
    }
}
impl<'t> Results<'t> for (Var<'t>, Var<'t>, Var<'t>) {
    fn results(self) -> Vec<Var<'t>> {
        vec![self.0, self.1, self.2]
    }
}
impl<'t> Results<'t> for Vec<Var<'t>> {
    fn results(self) -> Vec<Var<'t>> {
        self
    }
}

/// A method's name, and a call of it.
pub(crate) type Method = (&'static str, for<'t> fn(&mut Draw<'t>) -> Vec<Var<'t>>);

/// Methods without arguments; methods of an operand and further arguments; and others.
macro_rules! methods {
    (alone $([$($alone:ident)*] of $operand:ident;)* calls $($name:ident |$x:ident = $first:ident $(($n:literal))?, $d:ident| $call:expr;)*) => {
        /// All of them.
        pub(crate) const METHODS: &[Method] = &[
            $($((stringify!($alone), |d| {
                let x = d.$operand();
                x.$alone().results()
            }),)*)*
            $((stringify!($name), |$d| {
                let $x = $d.$first($($n)?);
                $call.results()
            }),)*
        ];
    };
}
methods! {
    alone
    [
        abs acos acosh all any asin asinh atan atanh bent_identity cbrt ceil cos cosh detach entr erf exp exp10 exp2 exp_m1 floor
        gaussian gelu gelu_tanh hard_sigmoid hard_swish ln ln_1p log10 log1mexp log2 log_cosh log_expm1 log_sigmoid logit max mean
        min mish norm normal_cdf prod quick_gelu recip relu relu6 relu_squared sec sech selu sigmoid sign sin sinh softplus
        softsign sqrt square sum swish t tan tanh bernoulli_function bessel_i0e bessel_i1e centred_sigmoid cosh_m1 digamma erfc erfcx
        erfinv exp2_m1 gamma gudermannian langevin ln_gamma ln_normal_cdf lu normal_quantile phi1 sinc sinhc sqrt_1p_m1 tanhshrink
        trigamma versine
    ] of x;
    [true_places] of truth;
    [cholesky det eigh inverse logdet matrix_exp pinv qr singular_values slogdet svd] of square;
    calls
    absolute_mul |x = x, d| x.absolute_mul(d.y());
    adaptive_avg_pool1d |x = x, d| x.adaptive_avg_pool1d(d.sizes::<1>());
    adaptive_avg_pool2d |x = x, d| x.adaptive_avg_pool2d(d.sizes::<2>());
    adaptive_avg_pool3d |x = x, d| x.adaptive_avg_pool3d(d.sizes::<3>());
    adaptive_max_pool1d |x = x, d| x.adaptive_max_pool1d(d.sizes::<1>());
    adaptive_max_pool2d |x = x, d| x.adaptive_max_pool2d(d.sizes::<2>());
    adaptive_max_pool3d |x = x, d| x.adaptive_max_pool3d(d.sizes::<3>());
    add_at |x = x, d| { let i = [d.index(), d.index()]; let n = d.below(3); x.add_at(&i[..n], d.y()) };
    all_over |x = truth, d| x.all_over(d.axes());
    any_over |x = truth, d| x.any_over(Keep(d.axes()));
    argmax |x = x, d| x.argmax(d.axis());
    argmin |x = x, d| x.argmin(d.axes());
    argsort |x = x, d| x.argsort(d.axis());
    argsort_descending |x = x, d| x.argsort_descending(d.axis());
    atan2 |x = x, d| x.atan2(d.y());
    avg_pool1d |x = x, d| x.avg_pool1d(d.pool());
    avg_pool2d |x = x, d| x.avg_pool2d(d.pool());
    avg_pool3d |x = x, d| x.avg_pool3d(d.pool());
    bincount |x = index, d| x.bincount(d.size());
    bottom_k |x = x, d| x.bottom_k(d.axis(), d.size());
    broadcast_to |x = x, d| x.broadcast_to(d.shape());
    cast |x = x, d| x.cast(d.dtype());
    cdist |x = x, d| x.cdist(d.y(), d.number());
    celu |x = x, d| x.celu(d.number());
    channel_shuffle |x = x, d| x.channel_shuffle(d.axis(), d.size());
    chunks |x = x, d| x.chunks(d.axis(), d.size());
    col2im |x = x, d| {
        let form = d.pool();
        match x.shape()[..] {
            [.., height, width] if d.truth_value() => x.im2col::<2>(form).col2im([height, width], form),
            _ => x.col2im(d.sizes::<2>(), form),
        }
    };
    concat |x = x, d| { let all = [x, d.y(), d.y()]; let n = d.below(4); Var::concat(&all[..n], d.axis()) };
    conv1d |x = of_rank(3), d| x.conv1d(d.weight(false), d.conv());
    conv2d |x = of_rank(4), d| x.conv2d(d.weight(false), d.conv());
    conv3d |x = of_rank(5), d| x.conv3d(d.weight(false), d.conv());
    conv_transpose1d |x = of_rank(3), d| x.conv_transpose1d(d.weight(true), d.conv());
    conv_transpose2d |x = of_rank(4), d| x.conv_transpose2d(d.weight(true), d.conv());
    conv_transpose3d |x = of_rank(5), d| x.conv_transpose3d(d.weight(true), d.conv());
    covariance |x = of_rank(2), d| x.covariance(d.size());
    crelu |x = x, d| x.crelu(d.axis());
    cross |x = x, d| x.cross(d.y(), d.axis());
    cumargmax |x = x, d| x.cumargmax(d.axis());
    cumargmin |x = x, d| x.cumargmin(d.axis());
    cummax |x = x, d| x.cummax(d.axis());
    cummin |x = x, d| x.cummin(d.axis());
    cumprod |x = x, d| x.cumprod(d.axis());
    cumsum |x = x, d| x.cumsum(d.axis());
    diag |x = x, d| x.diag(d.step());
    diagonal |x = x, d| x.diagonal(d.step());
    dot |x = x, d| x.dot(d.y());
    einsum |x = x, d| { let all = [x, d.y(), d.y()]; let n = d.below(4); Var::einsum(&d.equation(), &all[..n]) };
    elu |x = x, d| x.elu(d.number());
    embedding |x = of_rank(2), d| x.embedding(d.index(), [None, Some(d.size())][d.below(2)]);
    eq |x = x, d| x.eq(d.y());
    flip |x = x, d| x.flip(d.axes());
    fold_in |x = index, d| x.fold_in(d.size() as u64);
    full_like |x = x, d| x.full_like(d.number());
    gated |x = x, d| x.gated(d.axis(), |a| a.relu());
    gather |x = x, d| x.gather(d.axis(), d.index());
    ge |x = x, d| x.ge(d.y());
    glu |x = x, d| x.glu(d.axis());
    gt |x = x, d| x.gt(d.y());
    hardshrink |x = x, d| x.hardshrink(d.number());
    hardtanh |x = x, d| x.hardtanh(d.number(), d.number());
    hypot |x = x, d| x.hypot(d.y());
    im2col |x = x, d| x.im2col::<2>(d.pool());
    index |x = x, d| x.index(d.axis(), d.step());
    index_add |x = x, d| x.index_add(d.axis(), d.index(), d.y());
    interpolate |x = x, d| x.interpolate(d.sizes::<2>(), d.interpolation());
    interpolate_by |x = x, d| x.interpolate_by([d.number()], d.interpolation());
    kron |x = x, d| x.kron(d.y());
    kth_value |x = x, d| x.kth_value(d.axis(), d.size());
    le |x = x, d| x.le(d.y());
    leaky_relu |x = x, d| x.leaky_relu(d.number());
    linear_recurrence |x = x, d| x.linear_recurrence(d.y(), d.axis());
    log_softmax |x = x, d| x.log_softmax(d.axis());
    logaddexp |x = x, d| x.logaddexp(d.y());
    logcumsumexp |x = x, d| x.logcumsumexp(d.axis());
    logsumexp_over |x = x, d| x.logsumexp_over(d.axes());
    lp_pool1d |x = x, d| x.lp_pool1d(d.number(), d.pool());
    lp_pool2d |x = x, d| x.lp_pool2d(d.number(), d.pool());
    lp_pool3d |x = x, d| x.lp_pool3d(d.number(), d.pool());
    lstsq |x = x, d| x.lstsq(d.y());
    lt |x = x, d| x.lt(d.y());
    masked_fill |x = x, d| x.masked_fill(d.truth(), d.number());
    masked_scatter |x = x, d| x.masked_scatter(d.truth(), d.y());
    masked_select |x = x, d| x.masked_select(d.truth());
    matmul |x = x, d| x.matmul(d.y());
    matrix_power |x = square, d| x.matrix_power([0, 1, 3, -1, -2, i32::MIN, i32::MAX][d.below(7)]);
    max_over |x = x, d| x.max_over(d.axes());
    max_pool1d |x = x, d| x.max_pool1d(d.pool());
    max_pool1d_with_index |x = x, d| x.max_pool1d_with_index(d.pool());
    max_pool2d |x = x, d| x.max_pool2d(d.pool());
    max_pool2d_with_index |x = x, d| x.max_pool2d_with_index(d.pool());
    max_pool3d |x = x, d| x.max_pool3d(d.pool());
    max_pool3d_with_index |x = x, d| x.max_pool3d_with_index(d.pool());
    max_unpool1d |x = x, d| x.max_unpool1d(d.index(), d.sizes());
    max_unpool2d |x = x, d| x.max_unpool2d(d.index(), d.sizes());
    max_unpool3d |x = x, d| x.max_unpool3d(d.index(), d.sizes());
    maximum |x = x, d| x.maximum(d.y());
    maxout |x = x, d| x.maxout(d.size());
    mean_over |x = x, d| x.mean_over(Keep(d.axes()));
    median |x = x, d| x.median(d.axis());
    meshgrid |x = of_rank(1), d| { let all = [x, d.of_rank(1), d.y()]; let n = d.below(4); Var::meshgrid(&all[..n]) };
    min_over |x = x, d| x.min_over(d.axes());
    minimum |x = x, d| x.minimum(d.y());
    ne |x = x, d| x.ne(d.y());
    norm_over |x = x, d| x.norm_over(d.number(), d.axes());
    one_hot |x = index, d| x.one_hot(d.size(), d.dtype());
    outer |x = x, d| x.outer(d.y());
    overlap_add |x = x, d| x.overlap_add(d.axis(), d.size(), d.size());
    pad |x = x, d| x.pad(d.axis(), d.size(), d.size());
    pad_with |x = x, d| x.pad_with(d.axis(), d.step(), d.step(), d.border());
    permute |x = x, d| x.permute(&d.order());
    pick |x = of_rank(2), d| x.pick(d.index());
    pick_labels |x = of_rank(2), d| x.pick_labels("loss", d.index());
    pixel_shuffle |x = x, d| x.pixel_shuffle(d.size());
    pixel_unshuffle |x = x, d| x.pixel_unshuffle(d.size());
    pow |x = x, d| x.pow(d.y());
    powf |x = x, d| x.powf(d.number());
    prelu |x = x, d| x.prelu(d.y());
    prod_over |x = x, d| x.prod_over(d.axes());
    quantile |x = x, d| x.quantile(d.axis(), d.number());
    repeat_interleave |x = x, d| x.repeat_interleave(d.axis(), d.size());
    reshape |x = x, d| x.reshape(d.shape());
    roll |x = x, d| x.roll(d.axis(), d.step());
    rot90 |x = x, d| x.rot90(d.step(), [d.axis(), d.axis()]);
    scatter_add |x = x, d| x.scatter_add(d.axis(), d.index(), d.y());
    scatter_reduce |x = x, d| x.scatter_reduce(d.axis(), d.index(), d.y(), d.reduction(), d.truth_value());
    search_sorted |x = x, d| x.search_sorted(d.y(), d.truth_value());
    segment_logsumexp |x = x, d| x.segment_logsumexp(d.index(), d.size());
    segment_max |x = x, d| x.segment_max(d.index(), d.size());
    segment_mean |x = x, d| x.segment_mean(d.index(), d.size());
    segment_min |x = x, d| x.segment_min(d.index(), d.size());
    segment_softmax |x = x, d| x.segment_softmax(d.index(), d.size());
    segment_sum |x = x, d| x.segment_sum(d.index(), d.size());
    select |x = truth, d| x.select(d.x(), d.y());
    slice |x = x, d| x.slice(d.axis(), d.size()..d.size());
    slice_by |x = x, d| x.slice_by(d.axis(), d.step()..d.step(), d.step());
    snake |x = x, d| x.snake(d.number());
    softmax |x = x, d| x.softmax(d.axis());
    softmin |x = x, d| x.softmin(d.axis());
    softshrink |x = x, d| x.softshrink(d.number());
    solve |x = square, d| x.solve(d.y());
    solve_triangular |x = square, d| x.solve_triangular(d.y(), d.triangle());
    sort |x = x, d| x.sort(d.axis());
    sort_descending |x = x, d| x.sort_descending(d.axis());
    split |x = x, d| x.split(d.axis(), d.size());
    split_into |x = x, d| x.split_into(d.axis(), &d.list());
    squareplus |x = x, d| x.squareplus(d.number());
    call |x = x, d| Var::call(Sum, &[x, d.y()]);
    by_loops |x = x, d| Var::by_loops(First, &[x, d.y()]).detach();
    straight_through |x = x, d| x.straight_through(d.y());
    with_cotangent |x = x, _d| x.with_cotangent(|g| g * 0.5);
    stack |x = x, d| { let all = [x, d.y(), d.y()]; let n = d.below(4); Var::stack(&all[..n], d.axis()) };
    standardize |x = x, d| x.standardize(d.axes(), d.number());
    std_over |x = x, d| x.std_over(d.axes(), d.size());
    strong_mul |x = x, d| x.strong_mul(d.y());
    sum_over |x = x, d| x.sum_over(d.axes());
    take |x = x, d| x.take(d.axis(), d.index());
    take_at |x = x, d| { let i = [d.index(), d.index()]; let n = d.below(3); x.take_at(&i[..n]) };
    tensordot |x = x, d| x.tensordot(d.y(), (&d.axes(), &d.axes()));
    threshold |x = x, d| x.threshold(d.number(), d.number());
    tile |x = x, d| x.tile(&d.list());
    top_k |x = x, d| x.top_k(d.axis(), d.size());
    trace |x = x, d| x.trace(d.step());
    tril |x = x, d| x.tril(d.step());
    triu |x = x, d| x.triu(d.step());
    uniform |x = index, d| x.uniform(d.shape());
    uniform_of |x = index, d| x.uniform_of(d.dtype(), d.shape());
    unsqueeze |x = x, d| x.unsqueeze(d.axis());
    var_over |x = x, d| x.var_over(d.axes(), d.size());
    vjp |x = x, d| x.square().vjp(d.y(), &[x]);
    jvp |x = x, d| x.square().jvp(&[x], &[d.y()]);
    windows |x = x, d| x.windows(d.axis(), d.size(), d.size());
    xlog1py |x = x, d| x.xlog1py(d.y());
    xlogy |x = x, d| x.xlogy(d.y());
    eye |x = of_rank(0), d| x.tape().eye(d.size(), d.dtype());
    lower_triangle |x = of_rank(0), d| x.tape().lower_triangle(d.size(), d.size(), d.step());
    full |x = of_rank(0), d| x.tape().full(d.number(), d.shape(), d.dtype());
    attention |x = x, d| { let mask = d.y(); let some = d.truth_value().then_some(mask); x.attention(d.y(), d.y(), some) };
    attention_with |x = x, d| {
        let [some_mask, some_bias, drops] = std::array::from_fn(|_| d.truth_value());
        let (mask, bias, key) = (d.y(), d.y(), d.index());
        let form = AttentionForm {
            causal: d.truth_value(),
            mask: some_mask.then_some(mask),
            bias: some_bias.then_some(bias),
            dropout: drops.then(|| (key, d.number())),
        };
        x.attention_with(d.y(), d.y(), form)
    };
    bernoulli |x = index, d| x.bernoulli(d.y());
    bessel_i |x = x, d| x.bessel_i([0, 1, 2, 7, u32::MAX][d.below(5)]);
    bessel_j |x = x, d| x.bessel_j([0, 1, 2, 7, u32::MAX][d.below(5)]);
    block_diag |x = of_rank(2), d| { let all = [x, d.of_rank(2), d.y()]; let n = d.below(4); Var::block_diag(&all[..n]) };
    categorical |x = index, d| x.categorical(d.y(), d.axis());
    causal_attention |x = x, d| x.causal_attention(d.y(), d.y());
    embedding_bag |x = of_rank(2), d| {
        let weights = d.y();
        let bag = [Bag::Sum, Bag::Mean, Bag::Max, Bag::Weighted(weights)][d.below(4)];
        let padding = d.truth_value().then(|| d.size());
        x.embedding_bag(d.index(), d.index(), bag, padding)
    };
    exponential |x = index, d| x.exponential(d.shape());
    exponential_of |x = index, d| x.exponential_of(d.dtype(), d.shape());
    gamma_p |x = x, d| x.gamma_p(d.y());
    gamma_q |x = x, d| x.gamma_q(d.y());
    gumbel |x = index, d| x.gumbel(d.shape());
    gumbel_of |x = index, d| x.gumbel_of(d.dtype(), d.shape());
    gumbel_softmax |x = x, d| x.gumbel_softmax(d.y(), d.number(), d.axis());
    histogram |x = x, d| x.histogram(d.size(), [d.number(), d.number()]);
    histogram_between |x = x, d| x.histogram_between(d.of_rank(1));
    kl_terms |x = x, d| x.kl_terms(d.y());
    ln_beta |x = x, d| x.ln_beta(d.y());
    ln_gamma_ratio |x = x, d| x.ln_gamma_ratio(d.number());
    log_softmax_over |x = x, d| x.log_softmax_over(d.axes());
    logsubexp |x = x, d| x.logsubexp(d.y());
    move_axes |x = x, d| x.move_axes(&d.axes(), &d.axes());
    move_axis |x = x, d| x.move_axis(d.axis(), d.axis());
    normal |x = index, d| x.normal(d.shape());
    normal_of |x = index, d| x.normal_of(d.dtype(), d.shape());
    permutation |x = index, d| x.permutation(d.size());
    polygamma |x = x, d| x.polygamma([0, 1, 2, 7, u32::MAX][d.below(5)]);
    quantiles |x = x, d| { let q = [d.number(), d.number()]; let n = d.below(3); x.quantiles(d.axis(), &q[..n], Quantile::Nearest) };
    rel_entr |x = x, d| x.rel_entr(d.y());
    repeat_each |x = x, d| x.repeat_each(d.axis(), &d.list());
    scan |x = x, d| {
        let (carry, steps) = (d.y(), d.size());
        let (last, all) = x.tape().scan(steps, carry, x, |h, x| (h * x, h + x));
        (last, all)
    };
    softmax_over |x = x, d| x.softmax_over(d.axes());
    sparsemax |x = x, d| x.sparsemax(d.axis());
    add |x = x, d| x + d.y();
    sub |x = x, d| x - d.y();
    mul |x = x, d| x * d.y();
    div |x = x, d| x / d.y();
}

/// 2·a + Σ b.
struct Sum;
impl Function for Sum {
    fn name(&self) -> &'static str {
        "double and sum"
    }
    fn value<'t>(&self, x: &[Var<'t>]) -> Var<'t> {
        x[0] * 2.0 + x[1].sum()
    }
    fn vjp<'t>(&self, at: &Point<'_, 't>, g: Var<'t>) -> Vec<Option<Var<'t>>> {
        vec![Some(g * 2.0), Some(g.sum().broadcast_to(at.x[1].shape()))]
    }
}

/// The first number, if there is one and it is finite.
struct First;
impl Loops for First {
    fn name(&self) -> &'static str {
        "first"
    }
    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        if x[0].contains(&0) { Err("there is a first number".to_owned()) } else { Ok(Shape::from([])) }
    }
    fn fill(&self, x: &[ArrayViewD<'_, f64>], mut y: ArrayViewMutD<'_, f64>) -> Result<(), String> {
        let first = x[0].iter().next().copied().unwrap_or_default();
        y.fill(first);
        if first.is_finite() { Ok(()) } else { Err(format!("{first} is not finite")) }
    }
}

/// Methods that record nothing, or only ask for what others have recorded; and those behind the feature `fft`.
const OTHERS: &[&str] = &[
    "backward",
    "backward_into",
    "complex_mul",
    "depends_on",
    "derivation",
    "derivation_of_all",
    "describe",
    "dtype",
    "fft",
    "find_nonfinite",
    "grad",
    "grads",
    "has_value",
    "id",
    "ifft",
    "irfft",
    "is_finite",
    "item",
    "name",
    "named",
    "rank",
    "retain",
    "rfft",
    "scope",
    "shape",
    "steps",
    "tape",
    "to_array",
    "to_vec",
];

#[test]
fn every_public_method_is_called() {
    let Ok(face) =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/public/autograd.txt"))
    else {
        return;
    };
    let public =
        face.lines().filter_map(|line| line.strip_prefix("Var::")?.split_once(':').map(|(name, _)| name));
    let known = |name: &&str| METHODS.iter().any(|(known, _)| known == name) || OTHERS.contains(name);
    let missing: Vec<&str> = public.filter(|name| !known(name)).collect();
    assert!(missing.is_empty(), "no call of {missing:?}: each gets a line above");
}
