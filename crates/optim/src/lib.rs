//! Gradient-descent optimisers for the parameters of Wengert
