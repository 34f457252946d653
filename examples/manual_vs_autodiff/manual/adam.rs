//! Adam on plain scalars: with the notebook's one counter for everything, and as the textbook has it.

/// What both forms are told.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// Step size.
    pub(crate) learning_rate: f64,
    /// Decay of the mean of the gradients.
    pub(crate) beta1: f64,
    /// Decay of the mean of their squares.
    pub(crate) beta2: f64,
    /// Added to the root, so that nothing is divided by zero.
    pub(crate) epsilon: f64,
}

impl Settings {
    /// The notebook's defaults, with the learning rate of the caller's choice.
    pub(crate) fn with_rate(learning_rate: f64) -> Self {
        Self { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The notebook's `Optimizer.update` for the method `adam`.
pub(crate) struct NotebookAdam {
    settings: Settings,
    /// Calls of `update` so far, whichever parameter they were for.
    t: i32,
    /// The notebook's `v_buffer`, one entry per parameter: mean of the gradients, which textbooks call m.
    v: Vec<f64>,
    /// The notebook's `m_buffer`: mean of the squared gradients, which textbooks call v.
    m: Vec<f64>,
}

impl NotebookAdam {
    /// Zero buffers for so many scalar parameters.
    pub(crate) fn new(settings: Settings, parameters: usize) -> Self {
        Self { settings, t: 0, v: vec![0.0; parameters], m: vec![0.0; parameters] }
    }

    /// The new value of parameter number `i`:
    ///
    /// ```text
    /// t += 1
    /// v = β1 v + (1 − β1) g            v_corrected = v / (1 − β1^t)
    /// m = β2 m + (1 − β2) g²           m_corrected = m / (1 − β2^t)
    /// p − learning_rate · v_corrected / (√m_corrected + ε)
    /// ```
    ///
    /// t counts calls, not steps. With two parameters x and y the first is corrected with t = 1, 3, 5, … and the second
    /// with t = 2, 4, 6, …, though either buffer has seen only 1, 2, 3, … gradients. The correction is too weak from
    /// the second call on, and the two coordinates get different steps for gradients of the same size.
    pub(crate) fn update(&mut self, i: usize, p: f64, g: f64) -> f64 {
        let Settings { learning_rate, beta1, beta2, epsilon } = self.settings;
        self.t += 1;

        self.v[i] = beta1 * self.v[i] + (1.0 - beta1) * g;
        self.m[i] = beta2 * self.m[i] + (1.0 - beta2) * (g * g);

        let v_corrected = self.v[i] / (1.0 - beta1.powi(self.t));
        let m_corrected = self.m[i] / (1.0 - beta2.powi(self.t));

        p - learning_rate * v_corrected / (m_corrected.sqrt() + epsilon)
    }
}

/// Algorithm 1 of Kingma and Ba, *Adam: A Method for Stochastic Optimization* (arXiv:1412.6980).
pub(crate) struct TextbookAdam {
    settings: Settings,
    /// Gradients seen so far, for each parameter by itself.
    t: Vec<i32>,
    /// First moment: mean of the gradients.
    m: Vec<f64>,
    /// Second moment: mean of the squared gradients.
    v: Vec<f64>,
}

impl TextbookAdam {
    /// Zero moments for so many scalar parameters.
    pub(crate) fn new(settings: Settings, parameters: usize) -> Self {
        Self { settings, t: vec![0; parameters], m: vec![0.0; parameters], v: vec![0.0; parameters] }
    }

    /// The new value of parameter number `i`:
    ///
    /// ```text
    /// t_i += 1
    /// m = β1 m + (1 − β1) g            m̂ = m / (1 − β1^t_i)
    /// v = β2 v + (1 − β2) g²           v̂ = v / (1 − β2^t_i)
    /// p − learning_rate · m̂ / (√v̂ + ε)
    /// ```
    ///
    /// After n equal gradients m is `(1 − β1^n) g`. The correction recovers g only if it divides by the n of this
    /// parameter, hence a counter for each; the first step is then `learning_rate` long whatever the size of g.
    pub(crate) fn update(&mut self, i: usize, p: f64, g: f64) -> f64 {
        let Settings { learning_rate, beta1, beta2, epsilon } = self.settings;
        self.t[i] += 1;

        self.m[i] = beta1 * self.m[i] + (1.0 - beta1) * g;
        self.v[i] = beta2 * self.v[i] + (1.0 - beta2) * (g * g);

        let m_hat = self.m[i] / (1.0 - beta1.powi(self.t[i]));
        let v_hat = self.v[i] / (1.0 - beta2.powi(self.t[i]));

        p - learning_rate * m_hat / (v_hat.sqrt() + epsilon)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotebookAdam, Settings, TextbookAdam};

    #[test]
    fn one_parameter_is_the_same_in_both_forms() {
        let mut notebook = NotebookAdam::new(Settings::with_rate(0.1), 1);
        let mut textbook = TextbookAdam::new(Settings::with_rate(0.1), 1);
        let (mut p, mut q) = (3.0, 3.0);
        for _ in 0..50 {
            p = notebook.update(0, p, 2.0 * p);
            q = textbook.update(0, q, 2.0 * q);
            assert_eq!(p, q);
        }
    }

    #[test]
    fn the_shared_counter_shows_with_two_parameters() {
        let mut notebook = NotebookAdam::new(Settings::with_rate(0.1), 2);
        let mut textbook = TextbookAdam::new(Settings::with_rate(0.1), 2);
        let shared = [notebook.update(0, 1.0, 1.0), notebook.update(1, 1.0, 1.0)];
        let own = [textbook.update(0, 1.0, 1.0), textbook.update(1, 1.0, 1.0)];
        assert_eq!(own[0], own[1]);
        assert_eq!(shared[0], own[0]);
        // Corrected with t = 2: 0.1 / (1 − 0.81) over the root of 0.001 / (1 − 0.998001).
        let step = (0.1 / 0.19) / (0.001_f64 / 0.001_999).sqrt();
        assert!((shared[1] - (1.0 - 0.1 * step)).abs() < 1e-8);
    }
}
