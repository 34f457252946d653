//! Neural layers, initialisers and losses, written on the tape of Wengert
