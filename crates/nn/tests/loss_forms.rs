//! The losses of elements, rows and sequences: their derivatives against differences, their sums against plain loops, and what they
//! refuse.

use autograd::{Tape, Var, check_grads};
use ndarray::{ArrayD, IxDyn};
use nn::loss::{self, Ctc, Reduction, each, row};

fn array(shape: &[usize], first: usize) -> ArrayD<f64> {
    let n: usize = shape.iter().product();
    let values = (first..first + n).map(|i| 2.0 * (0.618_033_988_749_894_9 * i as f64).fract() - 1.0);
    ArrayD::from_shape_vec(IxDyn(shape), values.collect()).unwrap()
}

/// Each loss has the derivatives of its value, to second order, away from its kinks.
#[test]
fn losses_have_the_derivatives_of_their_values() {
    type Loss = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;
    let losses: [(&str, Loss); 24] = [
        ("l1", each::l1),
        ("squared", each::squared),
        ("huber", |a, y| each::huber(a, y, 0.3)),
        ("smooth_l1", |a, y| each::smooth_l1(a, y, 0.3)),
        ("log_cosh", each::log_cosh),
        ("charbonnier", |a, y| each::charbonnier(a, y, 0.1)),
        ("quantile", |a, y| each::quantile(a, y, 0.3)),
        ("squared_log", |a, y| each::squared_log(a.square(), y.square())),
        ("bce", |a, y| each::bce(a.sigmoid(), y)),
        ("bce_with_logits", each::bce_with_logits),
        ("weighted", |a, y| each::weighted_bce_with_logits(a, y, y.exp())),
        ("focal", |a, y| each::focal(a, y, 1.5)),
        ("hinge", each::hinge),
        ("soft_margin", each::soft_margin),
        ("margin_ranking", |a, y| each::margin_ranking(a, y, a.full_like(1.0), 0.5)),
        ("kl_div", |a, y| each::kl_div(a, y.exp())),
        ("kl_div_of_logs", each::kl_div_of_logs),
        ("poisson", |a, y| each::poisson_nll(a, y.exp()) + each::stirling(y.exp() * 3.0)),
        ("gaussian", |a, y| each::gaussian_nll(a, y, a.exp() + y.square(), 1e-6)),
        ("cosine", row::cosine),
        ("triplet", |a, y| {
            row::triplet(a, y, a * y + 0.5, row::Triplet { margin: 3.0, p: 3.0, ..Default::default() })
        }),
        ("kl_normal", row::kl_normal),
        ("js_divergence", |a, y| row::js_divergence(a.log_softmax(-1), y.log_softmax(-1))),
        ("tversky", |a, y| row::tversky(a.sigmoid(), y.sigmoid(), (0.3, 0.7), 1.0)),
    ];
    let both = [array(&[2, 3], 1), array(&[2, 3], 11)];
    for (name, of) in losses {
        check_grads(|x| of(x[0], x[1]), &both, 2).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let batches: [(&str, Loss); 3] = [
        ("info_nce", |a, b| loss::info_nce(a, b, 0.5)),
        ("clip", |a, b| loss::clip(a, b, a.sum())),
        ("nt_xent", |a, b| loss::nt_xent(Var::concat(&[a, b], 0), 0.5)),
    ];
    for (name, of) in batches {
        check_grads(|x| of(x[0], x[1]), &both, 2).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn losses_of_classes_have_the_derivatives_of_their_values() {
    let scores = [array(&[2, 3], 1)];
    let check = |name: &str, of: &dyn for<'t> Fn(Var<'t>) -> Var<'t>| {
        check_grads(|x| of(x[0]), &scores, 2).unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    check("focal", &|x| row::focal(x, x.tape().constant([2i64, 0]), 2.0));
    check("multi_margin", &|x| row::multi_margin(x, x.tape().constant([2i64, 0]), 2, 0.7, None));
    check("multilabel", &|x| row::multilabel_margin(x, x.tape().constant([[2i64, 0, -1], [1, -1, 0]])));
}

/// All ways through the steps, one by one.
fn brute(p: &[Vec<f64>], labels: &[usize]) -> f64 {
    let classes = p[0].len();
    let ways = classes.pow(p.len() as u32);
    let mut total = 0.0;
    for way in 0..ways {
        let path: Vec<usize> = (0..p.len()).map(|t| way / classes.pow(t as u32) % classes).collect();
        let mut read: Vec<usize> = path.clone();
        read.dedup();
        read.retain(|&class| class != 0);
        if read == labels {
            total += path.iter().zip(p).map(|(&class, p)| p[class]).product::<f64>();
        }
    }
    -total.ln()
}

#[test]
fn ctc_sums_over_all_alignments() {
    let tape = Tape::new();
    let logits = tape.var(array(&[5, 3, 3], 3));
    let labels = [vec![1, 2], vec![1, 1], vec![]];
    let lengths = [5, 4, 3];
    let losses = Ctc { reduction: Reduction::None, ..Ctc::default() }.of(logits, &labels, &lengths);
    let p = logits.softmax(-1).to_array::<f64>();
    for (i, got) in losses.to_vec::<f64>().into_iter().enumerate() {
        let rows: Vec<Vec<f64>> = (0..lengths[i]).map(|t| (0..3).map(|c| p[[t, i, c]]).collect()).collect();
        let want = brute(&rows, &labels[i]);
        assert!((got - want).abs() < 1e-13, "sequence {i}: {got}, not {want}");
    }
    check_grads(
        |x| Ctc::default().of(x[0], &[vec![1, 2], vec![2, 2], vec![]], &[5, 4, 3]),
        &[array(&[5, 3, 3], 3)],
        2,
    )
    .unwrap_or_else(|error| panic!("{error}"));
}

/// Two labels in one step: no alignment, ∞, and no NaN in the gradient of the others.
#[test]
fn an_impossible_alignment_is_infinite_and_has_no_derivative() {
    let tape = Tape::new();
    let logits = tape.var(array(&[2, 2, 3], 3));
    let none = Ctc { reduction: Reduction::None, ..Ctc::default() };
    let losses = none.of(logits, &[vec![1, 1], vec![1]], &[2, 2]).to_vec::<f64>();
    assert!(losses[0] == f64::INFINITY && losses[1].is_finite());
    let counted = Ctc { zero_infinity: true, reduction: Reduction::Sum, ..none };
    let loss = counted.of(logits, &[vec![1, 1], vec![1]], &[2, 2]);
    assert_eq!(loss.item(), losses[1]);
    assert!(loss.grad([logits])[0].is_finite());
}

fn refusal<R>(f: impl FnOnce() -> R) -> String {
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    *unwound.err().expect("a panic").downcast::<String>().expect("a text")
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let tape = Tape::new();
    let (x, y) = (tape.var([0.5, 1.5]), tape.constant([1.0, 0.0]));
    let text = refusal(|| each::bce(x, y));
    assert!(text.starts_with("bce: element 1 of the probability is 1.5\n"), "{text}");
    assert!(text.contains("`bce_with_logits` takes scores"), "{text}");
    let text = refusal(|| each::gaussian_nll(x, y, y - 1.0, 1e-6));
    assert!(text.starts_with("gaussian_nll: element 1 of the variance is -1\n"), "{text}");
    let text = refusal(|| each::huber(x, y, 0.0));
    assert_eq!(text, "huber: δ = 0\n  rule: δ is positive");
    let text = refusal(|| each::l1(x, tape.constant([1.0])));
    assert!(text.starts_with("l1: prediction [2] and target [1] do not fit\n"), "{text}");
    let text = refusal(|| row::multi_margin(x, y, 1, 1.0, None));
    assert!(text.contains("multi_margin: scores [2] F64 and labels [2] F64 do not fit"), "{text}");
    let text = refusal(|| Ctc::default().of(tape.var([[0.0, 1.0]]).unsqueeze(0), &[vec![0]], &[1]));
    assert!(text.starts_with("ctc: label 0 of 2 classes with the blank 0\n"), "{text}");
    let text = refusal(|| loss::nt_xent(tape.var([[1.0]]), 1.0));
    assert!(text.starts_with("nt_xent: 1 rows\n"), "{text}");
}
