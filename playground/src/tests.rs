use crate::{Config, Session};

fn session(text: &str) -> Session {
    Session::new(text.parse().unwrap()).unwrap()
}

/// What is found in a session, by its name on the page; empty if nothing is.
fn name(session: &mut Session) -> String {
    session.state()["finding"]["name"].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn text_of(session: &mut Session, name: &str) -> String {
    let finding = &session.state()["finding"];
    assert_eq!(finding["name"], name, "{finding}");
    finding["text"].as_str().unwrap().to_owned()
}

#[test]
fn every_data_set_is_learnt() {
    for text in ["", "data=circles", "data=blobs", "data=spiral&hidden=8-8&inputs=3&noise=0.05"] {
        let mut session = session(text);
        session.train(3000);
        let state = session.state();
        assert!(state["right"].as_f64().unwrap() > 0.95, "{text}: {}", state["right"]);
        assert_eq!(name(&mut session), "", "{text}");
    }
}

#[test]
fn a_session_is_the_same_each_time_and_in_parts() {
    let (mut whole, mut parts) = (session("batch=7"), session("batch=7"));
    whole.train(100);
    (0..10).for_each(|_| parts.train(10));
    assert_eq!(whole.state(), parts.state());
    assert_eq!(whole.losses(), parts.losses());
}

#[test]
fn losses_are_thinned() {
    let mut session = session("hidden=&n=4&batch=0");
    session.train(9000);
    let (losses, every) = session.losses();
    assert!(losses.len() <= 2001 && every >= 4, "{} {every}", losses.len());
}

#[test]
fn a_session_without_points_does_nothing() {
    let mut session = session("data=own");
    session.train(10);
    assert_eq!((session.state()["steps"].as_u64(), session.pass(0)), (Some(0), None));
    assert_eq!(session.derivation(0, 0, 0), None);
    assert_eq!(session.fields(4).len(), 16 * (6 + 4 + 1));
}

#[test]
fn own_points_are_learnt() {
    let mut session = session("data=own&points=-1,-1,0;1,1,0;-1,1,1;1,-1,1&hidden=8&batch=0&rate=0.1");
    session.train(300);
    assert_eq!(session.state()["right"], 1.0);
}

/// A neuron's derivation is of a computation of its own: its gradients are those of the network.
#[test]
fn a_derived_neuron_has_the_gradient_of_the_network() {
    for text in [
        "",
        "hidden=",
        "hidden=1&inputs=3&head=sigmoid&activation=sigmoid",
        "hidden=3-1-2&head=linear&activation=swish",
        "hidden=2-3-2&activation=relu",
        "hidden=4&head=sigmoid",
        "hidden=&head=step&optimizer=sgd",
    ] {
        let mut session = session(text);
        session.train(20);
        let pass = session.pass(3).unwrap();
        for (l, units) in session.config.sizes()[1..].iter().enumerate() {
            for j in 0..*units {
                let (weights, bias) = session.gradient_of(l, j, 3);
                let layer = &pass["layers"][l];
                let close = |a: f64, b: &serde_json::Value| {
                    (a - b.as_f64().unwrap()).abs() <= 1e-12 * (1.0 + a.abs())
                };
                assert!(close(bias, &layer["d_bias"][j]), "{text} layer {l} neuron {j}: {bias} {layer}");
                for (i, w) in weights.iter().enumerate() {
                    assert!(
                        close(*w, &layer["d_weight"][i][j]),
                        "{text} layer {l} neuron {j}: {weights:?} {layer}"
                    );
                }
                let html = session.derivation(l, j, 3).unwrap();
                assert!(
                    html.starts_with("<section class=\"derivation\">") && html.contains("<math"),
                    "{html}"
                );
                // One sample is no batch, whatever the layers are.
                assert!(!html.contains("a row each"), "{html}");
            }
        }
    }
}

#[test]
fn a_pass_goes_forward_and_back() {
    let session = session("hidden=2");
    let pass = session.pass(0).unwrap();
    let steps = pass["steps"].as_array().unwrap();
    let turn = steps.iter().position(|step| step["back"] == true).unwrap();
    assert!(steps[turn..].iter().all(|step| step["back"] == true));
    let named = |name: &str| steps.iter().filter(|step| step["name"] == name).count();
    for name in ["Z1", "A1", "Z2", "L", "net.0.weight"] {
        assert_eq!(named(name), 2, "{name} forward and back: {pass}");
    }
}

#[test]
fn a_rate_that_is_too_high_is_explained_by_the_curvature() {
    let mut session = session("optimizer=sgd&rate=30&head=linear&batch=0&hidden=4");
    session.train(200);
    let text = text_of(&mut session, "rate");
    assert!(text.contains("λ = ") && text.contains("2/λ"), "{text}");
}

/// For one linear neuron the Hessian is Σ (x, 1)·(x, 1)ᵀ/n: η just below 2/λ descends, and just above it does not.
#[test]
fn the_curvature_is_where_descent_begins_to_fail() {
    let run = |rate: f64| {
        let text = format!("optimizer=sgd&rate={rate}&head=linear&batch=0&hidden=&start=large");
        let mut session = session(&text);
        session.train(400);
        session
    };
    let mut fails = run(1000.0);
    let text = text_of(&mut fails, "rate");
    let limit: f64 = text.split("2/λ = ").nth(1).unwrap().trim_end_matches('.').parse().unwrap();
    assert_ne!(name(&mut run(0.97 * limit)), "rate", "below {limit}");
    assert_eq!(name(&mut run(1.03 * limit)), "rate", "above {limit}");
}

#[test]
fn equal_weights_stay_equal() {
    let mut zeros = session("start=zeros&optimizer=sgd&rate=0.5");
    zeros.train(50);
    let text = text_of(&mut zeros, "same");
    assert!(text.contains("All 6 neurons") && text.contains("‖∂L/∂W1‖ = 0"), "{text}");
    let mut equal = session("start=equal&optimizer=sgd&rate=0.1&hidden=5");
    equal.train(50);
    assert!(text_of(&mut equal, "same").contains("All 5 neurons"));
}

#[test]
fn dead_neurons_are_counted() {
    let mut session = session("start=dead&activation=relu&hidden=8");
    session.train(50);
    let text = text_of(&mut session, "dead");
    assert!(text.contains("In layer 1 8 of 8 neurons give 0 for all 200 samples"), "{text}");
}

#[test]
fn a_vanishing_gradient_is_measured() {
    let mut session = session("activation=sigmoid&hidden=6-6-6-6&start=small&optimizer=sgd&rate=0.1");
    session.train(50);
    let text = text_of(&mut session, "vanishing");
    assert!(text.contains("mean slopes are 0.2"), "{text}");
}

#[test]
fn one_neuron_is_a_line() {
    for text in ["hidden=&data=circles", "hidden=&data=circles&head=step&optimizer=sgd&rate=0.1"] {
        let mut session = session(text);
        session.train(400);
        assert!(text_of(&mut session, "line").contains("% are right"));
    }
}

#[test]
fn texts_from_outside_are_read_or_refused() {
    for text in ["data=moons", "hidden=", "points=0.5,-1,1;1,1,0&data=own", "batch=0&seed=4294967295"] {
        let config: Config = text.parse().unwrap();
        assert_eq!(config.to_string().parse::<Config>().unwrap(), config, "{text}");
    }
    for (text, part) in [
        ("data=moon", "data = moon, expected one of moons"),
        ("hidden=11", "hidden = 11"),
        ("hidden=1-1-1-1-1-1", "up to 5 layers"),
        ("hidden=8-", "hidden = 8-"),
        ("rate=nan", "a number"),
        ("rate=0", "a number"),
        ("noise=-1", "a number"),
        ("n=1e9", "a whole number from 4 to 500"),
        ("points=1,2", "not `1,2`"),
        ("points=1,2,3", "not `1,2,3`"),
        ("points=inf,0,1", "not `inf,0,1`"),
        ("color=red", "key = color"),
        ("seed=-1", "seed = -1"),
        (&format!("data={}", "ä".repeat(9999)), "…"),
        (&format!("points={}", "0,0,1;".repeat(501)), "at most 500 points"),
    ] {
        let error = text.parse::<Config>().unwrap_err().to_string();
        assert!(error.contains(part) && error.len() < 300, "{text}: {error}");
    }
}

/// Whatever is chosen, and however far its numbers run away.
#[test]
fn nothing_that_can_be_chosen_fails() {
    let activations = nn::Activation::ALL.map(nn::Activation::name);
    let heads = ["linear", "sigmoid", "cross_entropy", "step"];
    let starts = ["xavier", "kaiming", "small", "large", "zeros", "equal", "dead"];
    let optimizers = ["sgd", "momentum", "rmsprop", "adam", "adamw"];
    for (i, activation) in activations.iter().enumerate() {
        for (j, head) in heads.iter().enumerate() {
            // A third of all; each pair occurs.
            for (k, start) in starts.iter().enumerate().skip((i + j) % 3).step_by(3) {
                let optimizer = optimizers[(i + j + k) % 5];
                let rate = ["0.1", "1000000"][(i + k) % 2];
                let mut session = session(&format!(
                    "n=8&hidden=3-2&batch=3&activation={activation}&head={head}&start={start}&optimizer={optimizer}&rate={rate}"
                ));
                session.train(20);
                session.state();
                assert!(session.pass(7).is_some() && session.pass(8).is_none());
                for (l, j) in [(0, 2), (1, 1), (2, 0)] {
                    assert!(session.derivation(l, j, 0).is_some());
                }
                assert_eq!((session.derivation(3, 0, 0), session.derivation(1, 2, 0)), (None, None));
                assert_eq!(session.fields(3).len(), 9 * 6);
            }
        }
    }
}
