//! `mlpc targets`: what each target can do.

use super::{Exit, Failure, terminal};
use crate::target::{self, table};

/// Show what each target can do, or which targets can run a file
#[derive(clap::Args)]
pub struct Args {}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        terminal::print(&table::text(target::all()))?;
        Ok(Exit::Clean)
    }
}
