//! From a task to the command that does its work.

use std::collections::HashMap;
use std::process::Command;

use super::ports::Ports;
use super::python::Pythons;
use crate::plan::{Component, Task};

/// What steps need besides their ports.
pub(super) struct Steps {
    /// The values of secrets, by their reference and the variable that a step has them in.
    pub secrets: HashMap<(String, String), String>,
    pub pythons: Pythons,
}

impl Steps {
    /// What of the machine a task's outputs depend on: nothing, or the interpreter.
    pub fn interpreter(&self, component: &Component, task: &Task) -> String {
        match component {
            Component::Python(_) => self.pythons.get(&task.packages).identity.clone(),
            Component::Run(_) | Component::Shell(_) => String::new(),
        }
    }

    /// The command of one attempt. The error says why there is none.
    pub fn command(&self, ports: &Ports<'_>, task: &Task, name: &str) -> Result<Command, String> {
        let mut command = match ports.component {
            Component::Run(run) => ports.run(&run.argv)?,
            Component::Shell(shell) => ports.shell(&shell.script, name)?,
            Component::Python(_) => return Err("python steps are not wired yet".into()),
        };
        command.envs(&task.env);
        for (variable, reference) in &task.secrets {
            let secret = &self.secrets[&(reference.clone(), variable.clone())];
            command.env(variable, secret);
        }
        Ok(command)
    }
}
