//! Argo Workflows: a Workflow, or a WorkflowTemplate with the CronWorkflow that starts it.

mod encode;
mod expr;
mod model;
mod names;
