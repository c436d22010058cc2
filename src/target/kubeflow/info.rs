//! What people read in the document: descriptions, and the recurring run that a schedule asks for.

use crate::graph::{Overlap, Pipeline, Schedule};

/// A doc comment as a description. Descriptions travel through the engine's templates like all else: braces are set apart.
pub fn described(doc: &str) -> String {
    doc.replace("{{", "{ {")
        .replace(super::encode::is_lost, " ")
        .trim_end()
        .to_owned()
}

/// The pipeline's own, with a line for each of its attributes that the document has no field for.
pub fn description(pipeline: &Pipeline) -> String {
    let attributes = &pipeline.attributes;
    let mut paragraphs = vec![pipeline.doc.trim_end().to_owned()];
    let mut lines = Vec::new();
    if let Some(owner) = &attributes.owner {
        lines.push(format!("Owner: {owner}"));
    }
    if !attributes.tags.is_empty() {
        lines.push(format!("Tags: {}", attributes.tags.join(", ")));
    }
    if let Some(schedule) = &attributes.schedule {
        lines.push(recurring_run(schedule));
    }
    paragraphs.push(lines.join("\n"));
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    described(&paragraphs.join("\n\n"))
}

/// The settings of the recurring run, in the words of Kubeflow's API.
fn recurring_run(schedule: &Schedule) -> String {
    let mut settings = vec![format!("cron `{}`", six_fields(&schedule.cron))];
    if schedule.timezone != "UTC" {
        settings.push(format!(
            "written for {} (the server has one time zone for all)",
            schedule.timezone
        ));
    }
    if let Some(start) = &schedule.start {
        settings.push(format!("start_time {start}"));
    }
    if let Some(end) = &schedule.end {
        settings.push(format!("end_time {end}"));
    }
    if !schedule.catchup {
        settings.push("no_catchup".to_owned());
    }
    match schedule.overlap {
        Overlap::Allow => settings.push("max_concurrency 10".to_owned()),
        Overlap::Forbid | Overlap::Queue | Overlap::Replace => {
            settings.push("max_concurrency 1".to_owned())
        }
    }
    format!("Recurring run: {}", settings.join(", "))
}

/// Kubeflow's cron begins with the seconds.
fn six_fields(cron: &str) -> String {
    let fields = match cron {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        fields => fields,
    };
    format!("0 {fields}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_in_kubeflow_s_words() {
        let schedule = Schedule {
            cron: "@daily".into(),
            start: Some("2024-01-01".into()),
            end: None,
            timezone: "Europe/Berlin".into(),
            catchup: false,
            overlap: Overlap::Forbid,
        };
        assert_eq!(
            recurring_run(&schedule),
            "Recurring run: cron `0 0 0 * * *`, written for Europe/Berlin (the server has one time zone for all), start_time 2024-01-01, \
             no_catchup, max_concurrency 1"
        );
        assert_eq!(six_fields("*/5 * * * 1-5"), "0 */5 * * * 1-5");
    }
}
