//! Handles, clones, scopes and the summary.

use super::*;

#[test]
fn the_summary_lists_every_parameter() {
    let mut params = Params::f64();
    let mut scope = params.scope("net");
    let weight = scope.scope("0").param("weight", [2, 2], [1.0, -1.0, 3.0, 1.0]);
    scope.param("bias", [1], 0.5);
    params.set_frozen(weight, true);
    let table = "\
parameter              shape   elements        mean         std
net.0.weight           [2×2]          4      1.0000      1.4142  frozen
net.bias                 [1]          1      0.5000      0.0000
5 elements, 1 trained, F64";
    assert_eq!(params.to_string(), table);
}

#[test]
fn a_clone_shares_handles_and_not_values() {
    let mut params = Params::f32();
    let w = params.scope("m").param("w", [2], 1.0);
    let mut copy = params.clone();
    copy.set(w, [5.0f32, 6.0]);
    assert_eq!((params.get::<f32>(w), copy.get::<f32>(w)), (&[1.0, 1.0][..], &[5.0, 6.0][..]));
    assert_eq!((copy.find("m.w"), copy.find("m.v")), (Some(w), None));
}

#[test]
fn clones_that_grow_apart_do_not_read_each_other() {
    let mut p = Params::f64();
    let shared = p.scope("m").param("w", [1], 1.0);
    let mut q = p.clone();
    let (a, b) = (p.scope("m").param("a", [2], 2.0), q.scope("m").param("b", [2], 3.0));
    assert_ne!(a, b);
    assert_eq!((p.get::<f64>(shared), q.get::<f64>(shared)), (&[1.0][..], &[1.0][..]));
    assert_eq!((p.get::<f64>(a), q.get::<f64>(b)), (&[2.0; 2][..], &[3.0; 2][..]));
    let refused = std::panic::catch_unwind(|| q.get::<f64>(a).to_vec()).unwrap_err();
    let text = refused.downcast_ref::<String>().unwrap();
    assert!(text.contains("parameter number 1 was made in a clone"), "{text}");
    let tape = crate::Tape::with(&p);
    let grads = (tape.param(shared) * tape.param(a)).sum().backward();
    assert!(grads.belong_to(&p) && !grads.belong_to(&q));
    let program = crate::Program::trace(&p, |t| t.outputs(t.param(a).sum())).unwrap();
    assert!(program.run(&mut program.state(), &p, ()).is_ok());
    assert!(program.run(&mut program.state(), &q, ()).is_err());
}

#[test]
#[should_panic(expected = "no parameter is in a scope `nte`\n  scopes: `net`")]
fn a_misspelt_scope_is_told() {
    let mut params = Params::f32();
    params.scope("net").param("w", [1], 0.0);
    params.set_scope_frozen("nte", true);
}

#[test]
fn a_scope_is_frozen_with_all_below_it_and_nothing_beside_it() {
    let mut params = Params::f32();
    let mut net = params.scope("net");
    let (a, b) = (net.scope("1").param("w", [1], 0.0), net.scope("10").param("w", [1], 0.0));
    assert_eq!(params.set_scope_frozen("net.1", true), 1);
    assert!(params.is_frozen(a) && !params.is_frozen(b));
    assert_eq!(params.set_scope_frozen("net", false), 2);
    assert!(!params.is_frozen(a));
}
