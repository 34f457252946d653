//! Distributions of shares of a whole: of two, and of any number.

use super::gamma::implicit;
use super::{Distribution, Reparameterised, together};
use autograd::{Keep, Mistake, Operand, Var};

/// The beta distribution, p(x) = x^(a − 1)·(1 − x)^(b − 1)/B(a, b) for 0 ≤ x ≤ 1.
///
/// ```
/// use nn::distributions::{Beta, Distribution};
/// let tape = autograd::Tape::new();
/// let p = Beta::new(tape.var([2.0]), 3.0);
/// assert!((p.log_prob(tape.constant([0.5])).item() - 1.5f64.ln()).abs() < 1e-14);
/// assert_eq!(p.log_prob(tape.constant([1.5])).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Beta<'t> {
    a: Var<'t>,
    b: Var<'t>,
}

impl<'t> Beta<'t> {
    /// With a > 0 and b > 0, which are broadcast against each other.
    ///
    /// # Panics
    /// If shapes or dtypes do not fit.
    #[track_caller]
    pub fn new(a: Var<'t>, b: impl Operand<'t>) -> Beta<'t> {
        let (a, b) = together(a, b);
        Beta { a, b }
    }
}

impl<'t> Distribution<'t> for Beta<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let inside = |x: Var<'t>, y| x.le(1.0).select(x.ge(0.0).select(x, y), y);
        let at = inside(x, x.full_like(0.5));
        let log = (self.a - 1.0).xlogy(at) + (self.b - 1.0).xlog1py(-at) - self.a.ln_beta(self.b);
        let above = x.ge(0.0).select(log, f64::NEG_INFINITY);
        x.le(1.0).select(above, f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        let (a, b, sum) = (self.a, self.b, self.a + self.b);
        a.ln_beta(b) - (a - 1.0) * a.digamma() - (b - 1.0) * b.digamma() + (sum - 2.0) * sum.digamma()
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let sum = self.a + self.b;
        let mean = self.a / sum;
        (mean, mean * (self.b / sum) / (sum + 1.0))
    }

    /// ln(B(a′, b′)/B(a, b)) + (a − a′)·ψ(a) + (b − b′)·ψ(b) + (a′ − a + b′ − b)·ψ(a + b).
    fn kl(&self, other: &Self) -> Var<'t> {
        let (da, db) = (self.a - other.a, self.b - other.b);
        other.a.ln_beta(other.b) - self.a.ln_beta(self.b) + da * self.a.digamma() + db * self.b.digamma()
            - (da + db) * (self.a + self.b).digamma()
    }
}

impl<'t> Reparameterised<'t> for Beta<'t> {
    /// The share of one of two samples of gamma distributions.
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let (x, y) = (implicit(self.a, key.fold_in(0), shape), implicit(self.b, key.fold_in(1), shape));
        x / (x + y)
    }
}

/// Dirichlet's distribution of shares that sum to 1, p(x) = Γ(Σ aᵢ)·Π xᵢ^(aᵢ − 1)/Γ(aᵢ).
///
/// ```
/// use nn::distributions::{Dirichlet, Distribution};
/// let tape = autograd::Tape::new();
/// let p = Dirichlet::new(tape.var([1.0, 1.0, 1.0]));
/// assert!((p.log_prob(tape.constant([0.2, 0.3, 0.5])).item() - 2f64.ln()).abs() < 1e-14);
/// assert_eq!(p.log_prob(tape.constant([0.2, 0.3, 0.6])).item(), f64::NEG_INFINITY);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dirichlet<'t> {
    a: Var<'t>,
}

impl<'t> Dirichlet<'t> {
    /// With concentrations aᵢ > 0 of \[…, shares\].
    ///
    /// # Panics
    /// If the concentrations are a single number.
    #[track_caller]
    pub fn new(a: Var<'t>) -> Dirichlet<'t> {
        if a.rank() == 0 {
            Mistake::new("Dirichlet: the concentrations are a single number")
                .line("a", a.describe())
                .rule("the concentrations are […, shares], and there is one for each share")
                .hint("two shares are a `Beta` distribution")
                .raise();
        }
        Dirichlet { a }
    }

    /// Σ ln Γ(aᵢ) − ln Γ(Σ aᵢ).
    fn log_normaliser(&self) -> Var<'t> {
        self.a.ln_gamma().sum_over(-1) - self.a.sum_over(-1).ln_gamma()
    }
}

impl<'t> Distribution<'t> for Dirichlet<'t> {
    fn sample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        self.rsample(key, shape).detach()
    }

    /// For x of \[…, shares\]. Shares sum to 1 within 10⁻⁵.
    fn log_prob(&self, x: Var<'t>) -> Var<'t> {
        let within = x.ge(0.0);
        let log = (self.a - 1.0).xlogy(within.select(x, 1.0)).sum_over(-1) - self.log_normaliser();
        let positive = within.all_over(-1).select(log, f64::NEG_INFINITY);
        (x.sum_over(-1) - 1.0).abs().le(1e-5).select(positive, f64::NEG_INFINITY)
    }

    fn entropy(&self) -> Var<'t> {
        let (a, sum) = (self.a, self.a.sum_over(-1));
        let shares = a.shape()[a.rank() - 1] as f64;
        self.log_normaliser() + (sum - shares) * sum.digamma() - ((a - 1.0) * a.digamma()).sum_over(-1)
    }

    fn moments(&self) -> (Var<'t>, Var<'t>) {
        let sum = self.a.sum_over(Keep(-1));
        let mean = self.a / sum;
        (mean, mean * (1.0 - mean) / (sum + 1.0))
    }

    /// ln B(a′) − ln B(a) + Σ (aᵢ − a′ᵢ)·(ψ(aᵢ) − ψ(Σ a)), with B(a) = Π Γ(aᵢ)/Γ(Σ aᵢ).
    fn kl(&self, other: &Self) -> Var<'t> {
        let slopes = self.a.digamma() - self.a.sum_over(Keep(-1)).digamma();
        let sum = ((self.a - other.a) * slopes).sum_over(-1);
        other.log_normaliser() - self.log_normaliser() + sum
    }
}

impl<'t> Reparameterised<'t> for Dirichlet<'t> {
    /// The shares of samples of gamma distributions.
    fn rsample(&self, key: Var<'t>, shape: &[usize]) -> Var<'t> {
        let x = implicit(self.a, key, shape);
        x / x.sum_over(Keep(-1))
    }
}
