//! The local runner, run for real on plans written by hand.

mod basics;
mod cache;
mod control;
mod failures;
mod hostile;
mod language;
mod python;
mod resume;
mod signals;
mod support;
