//! What scikit-learn 1.9.1 and NumPy 2.4.6 give for the same seeds; `values.py` computed it.

mod classification;
mod folds;
mod generators;
mod moons;
mod random_state;
mod scalers;
mod split;
mod values;
