//! The local runner, run for real on plans written by hand.

mod basics;
mod control;
mod failures;
mod hostile;
mod signals;
mod support;
