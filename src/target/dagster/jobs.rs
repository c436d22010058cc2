//! The job, what starts it, and what comes after it.

use super::lower::{Lowering, Place, Unit};
use super::parts::Named;
use super::scope::{Source, param};
use super::tags;
use crate::emit::python::{Code, Def, Py, Stmt};
use crate::graph::{NotifyOn, Overlap, PipelineAttributes, Schedule};
use crate::value::Value;

/// What stands below the functions that do the work.
pub struct Jobs {
    /// The job of all assets.
    pub code: Option<Code>,
    /// How many functions stand above it.
    pub above: usize,
    pub k8s: bool,
}

/// What the job itself is.
pub enum Main {
    /// Of all assets.
    Assets(Py),
    /// A graph of ops, which stands among the functions.
    Ops(Unit),
}

impl<'a> Lowering<'a> {
    pub fn asset_job(&mut self, job: &str) -> Py {
        let attributes = &self.program.entry().attributes;
        let mut named = Named::new();
        named.add("selection", Py::call("dg.AssetSelection.all", Vec::new()));
        let doc = &self.program.entry().doc;
        if !doc.is_empty() {
            named.add("description", Py::str(doc.clone()));
        }
        named.maybe("tags", tags::job_tags(attributes));
        named.maybe("executor_def", self.executor());
        let name = vec![Py::str(job)];
        Py::call_with("dg.define_asset_job", name, named.all)
    }

    /// Puts a graph of ops among the functions, as a job.
    pub fn graph_job(&mut self, mut unit: Unit) {
        let attributes = &self.program.entry().attributes;
        let mut named = Named::new();
        named.maybe("tags", tags::job_tags(attributes));
        named.maybe("executor_def", self.executor());
        unit.decorator = Some(match named.all.is_empty() {
            true => Py::name("dg.job"),
            false => Py::call_with("dg.job", Vec::new(), named.all),
        });
        self.units.push(unit);
    }

    fn executor(&self) -> Option<Py> {
        let attributes = &self.program.entry().attributes;
        let own = |key: &str| attributes.targets.get("dagster", key);
        let most = match (own("max_concurrent"), attributes.parallelism) {
            (Some(Value::Int(most)), _) => Some(*most),
            (_, Some(most)) => Some(i64::from(most)),
            _ => None,
        };
        let mut config = Vec::new();
        if let Some(most) = most {
            config.push((Some(Py::str("max_concurrent")), Py::int(most)));
        }
        if !self.limits.is_empty() {
            let limits = self.limits.iter().map(|(tag, limit)| {
                Py::Dict(vec![
                    (Some(Py::str("key")), Py::str("mlpc/limit")),
                    (Some(Py::str("value")), Py::str(tag.clone())),
                    (Some(Py::str("limit")), Py::int((*limit).into())),
                ])
            });
            let limits = Py::List(limits.collect());
            config.push((Some(Py::str("tag_concurrency_limits")), limits));
        }
        let executor = match own("executor") {
            Some(Value::Str(executor)) => executor.as_str(),
            _ if most == Some(1) => "in_process",
            _ if config.is_empty() => return None,
            _ => "multiprocess",
        };
        let executor = match executor {
            "in_process" => return Some(Py::name("dg.in_process_executor")),
            "k8s_job" => Py::name("k8s_job_executor"),
            _ => Py::name("dg.multiprocess_executor"),
        };
        Some(match config.is_empty() {
            true => executor,
            false => {
                let configured = executor.attribute("configured");
                Py::Call(configured.into(), vec![Py::Dict(config)], Vec::new())
            }
        })
    }
}

impl Jobs {
    pub fn new(lowering: &mut Lowering, frame: usize, job: &str, main: Main) -> Jobs {
        let pipeline = lowering.pipeline(frame);
        let attributes = &pipeline.attributes;
        let mut jobs = Jobs {
            code: None,
            above: 0,
            k8s: tags::pods(attributes),
        };
        match main {
            Main::Ops(unit) => lowering.graph_job(unit),
            Main::Assets(value) => {
                let assign = Stmt::assign(job, value);
                jobs.code = Some(Code::Block(vec![assign]));
            }
        }
        // What follows names the job.
        jobs.above = lowering.units.len();
        if let Some(finally) = &pipeline.finally {
            let saved = saved(lowering, frame);
            lowering.frames[frame].places.extend(saved);
            let name = lowering.names.free(&format!("{job}_finally"));
            let before = lowering.units.len();
            let unit = lowering.finally_job(frame, &name, finally);
            let takes_params = lowering.units[before..]
                .iter()
                .any(|unit| unit.def.params.iter().any(|param| param.name == "params"));
            lowering.graph_job(unit);
            lowering.jobs.push(name.clone());
            for status in ["succeeded", "failed"] {
                let args = vec![Py::name("context"), Py::str(status), Py::bool(takes_params)];
                let returns = Stmt::Return(Py::call("_finally", args));
                let request = Some(Py::name(name.clone()));
                let wanted = format!("{name}_after_{status}");
                sensor(lowering, job, &wanted, status, request, returns);
            }
        }
        if let Some(notify) = &attributes.notify {
            for on in &notify.on {
                let status = match on {
                    NotifyOn::Success => "succeeded",
                    NotifyOn::Failure => "failed",
                };
                let to = notify.email.iter().cloned().map(Py::str);
                let args = vec![Py::name("context"), Py::str(status), Py::List(to.collect())];
                let send = Stmt::Expr(Py::call("_mail", args));
                sensor(
                    lowering,
                    job,
                    &format!("{job}_mail_{status}"),
                    status,
                    None,
                    send,
                );
            }
        }
        if let Some(schedule) = &attributes.schedule {
            ticks(lowering, job, schedule, attributes);
        }
        jobs
    }
}

/// Where the run kept the values of the body.
fn saved(lowering: &Lowering, frame: usize) -> Vec<(petgraph::graph::NodeIndex, Place)> {
    let key = |source: &Source| match source {
        Source::Asset(key) => key.clone(),
        Source::Local {
            scope,
            name,
            output,
        } => {
            let op = lowering.ops[&(*scope, name.clone())].clone();
            let output = output.clone().unwrap_or_else(|| "result".to_owned());
            vec!["ops".to_owned(), op, output]
        }
        Source::Saved(_) => unreachable!("only `finally` reads what was kept"),
    };
    let frame = &lowering.frames[frame];
    let body = frame.pipeline.body.nodes.iter();
    body.filter_map(|node| {
        let kept = match frame.places.get(node)? {
            Place::Value(source) => vec![(String::new(), key(source))],
            Place::Outputs(outputs) => outputs
                .iter()
                .map(|(port, source)| (port.clone(), key(source)))
                .collect(),
        };
        Some((*node, Place::Value(Source::Saved(kept))))
    })
    .collect()
}

fn sensor(
    lowering: &mut Lowering,
    job: &str,
    wanted: &str,
    status: &str,
    request: Option<Py>,
    body: Stmt,
) {
    let name = lowering.names.free(wanted);
    let mut named = Named::new();
    let (decorator, context) = match status {
        "failed" => ("dg.run_failure_sensor", "dg.RunFailureSensorContext"),
        _ => {
            named.add("run_status", Py::name("dg.DagsterRunStatus.SUCCESS"));
            ("dg.run_status_sensor", "dg.RunStatusSensorContext")
        }
    };
    named.add("monitored_jobs", Py::List(vec![Py::name(job)]));
    named.maybe("request_job", request);
    named.add("default_status", Py::name("dg.DefaultSensorStatus.RUNNING"));
    lowering.sensors.push(name.clone());
    lowering.units.push(Unit {
        decorator: Some(Py::call_with(decorator, Vec::new(), named.all)),
        def: Def {
            name,
            params: vec![param("context", context)],
            returns: match &body {
                Stmt::Return(_) => Py::name("dg.RunRequest"),
                _ => Py::none(),
            },
        },
        doc: String::new(),
        body: vec![body],
    });
}

fn ticks(lowering: &mut Lowering, job: &str, schedule: &Schedule, attributes: &PipelineAttributes) {
    let name = lowering.names.free(&format!("{job}_schedule"));
    let mut named = Named::new();
    named.add("job", Py::name(job));
    named.add("cron_schedule", Py::str(schedule.cron.clone()));
    named.add("execution_timezone", Py::str(schedule.timezone.clone()));
    named.add(
        "default_status",
        Py::name("dg.DefaultScheduleStatus.RUNNING"),
    );
    let mut rules = Named::new();
    rules.maybe("start", schedule.start.clone().map(Py::str));
    rules.maybe("end", schedule.end.clone().map(Py::str));
    if schedule.overlap == Overlap::Forbid {
        rules.add("forbids_overlap", Py::bool(true));
    }
    if attributes.depends_on_past {
        rules.add("depends_on_past", Py::bool(true));
    }
    let args = vec![
        Py::name("context"),
        Py::str(job),
        Py::str(schedule.cron.clone()),
        Py::str(schedule.timezone.clone()),
    ];
    lowering.schedules.push(name.clone());
    lowering.units.push(Unit {
        decorator: Some(Py::call_with("dg.schedule", Vec::new(), named.all)),
        def: Def {
            name,
            params: vec![param("context", "dg.ScheduleEvaluationContext")],
            returns: Py::name("dg.RunRequest").binary("|", Py::name("dg.SkipReason")),
        },
        doc: String::new(),
        body: vec![Stmt::Return(Py::call_with("_tick", args, rules.all))],
    });
}
