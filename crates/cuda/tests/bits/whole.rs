//! Steps as one kernel, on a host that plays its threads, against [`Cpu`].

use crate::host::{exact, has};
use crate::machine::Host;
use crate::training::{epochs, model, trained};
use autograd::DType;
use cuda::machine::On;
use cuda::{Cpu, Device, Form};
use optim::{Adam, Momentum};

fn in_form(host: &Host, form: Form) -> On {
    On { form: Some(form), ..exact(host) }
}

fn adam() -> Adam {
    Adam::new(0.01).expect("a rate")
}

/// The form that a training of a small network takes.
fn taken(device: &On, width: usize) -> (Form, String) {
    let mut model = model(DType::F32, width);
    let mut adam = adam();
    let training = device.train(&model.program, &mut model.params, &mut adam).expect("all has a kernel");
    (training.form(), training.explain().to_owned())
}

#[test]
fn one_kernel_has_the_bits_of_the_cpu() {
    if !has("cc") {
        return println!("skipped: no C compiler `cc`");
    }
    let host = Host::default();
    for form in [Form::Block, Form::Blocks] {
        let device = in_form(&host, form);
        assert_eq!(taken(&device, 7).0, form, "{}", taken(&device, 7).1);
        assert_eq!(trained(&device, adam(), 7), trained(&Cpu, adam(), 7), "{form:?}");
        let momentum = || {
            let momentum = Momentum::new(0.01, 0.9).expect("a rate");
            momentum.group("*.bias", |momentum| momentum.learning_rate = 0.1).expect("a group")
        };
        assert_eq!(trained(&device, momentum(), 7), trained(&Cpu, momentum(), 7), "{form:?}");
        assert_eq!(epochs(&device), epochs(&Cpu), "{form:?}");
    }
    assert_eq!(host.allocations(), 0, "memory that nobody gave back");
}
