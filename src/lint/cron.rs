//! What a cron expression means: in words, and in time.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{self, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// How many times of a schedule are looked at; a pattern of five fields shows itself sooner.
const TIMES: usize = 3000;

fn parse(cron: &str) -> Option<Cron> {
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(cron)
        .ok()
}

/// The shortest time between two runs, when it fires twice in four years.
pub fn shortest_gap(cron: &str) -> Option<Duration> {
    let cron = parse(cron)?;
    let mut at = civil::date(2024, 1, 1).to_zoned(TimeZone::UTC).ok()?;
    let end = civil::date(2028, 1, 1).to_zoned(TimeZone::UTC).ok()?;
    let mut shortest: Option<Duration> = None;
    let mut last = None;
    for _ in 0..TIMES {
        let next = cron.find_next_occurrence(&at, last.is_none()).ok()?;
        if next > end {
            break;
        }
        if let Some(last) = last {
            let gap = Duration::try_from(next.duration_since(&last)).ok()?;
            shortest = Some(shortest.map_or(gap, |shortest| shortest.min(gap)));
            if gap.as_secs() <= 60 {
                break;
            }
        }
        last = Some(next.clone());
        at = next;
    }
    shortest
}

/// A time that the clocks leave out, or show twice.
pub enum Change {
    Skipped(DateTime),
    Twice(DateTime),
}

/// The first change of the clocks that the schedule meets. One that fires each hour anyway is not disturbed by it.
pub fn in_clock_change(cron: &str, zone: &str) -> Option<Change> {
    if hours(cron)? == "*" || hours(cron)?.starts_with("*/") {
        return None;
    }
    let pattern = parse(cron)?;
    let zone = TimeZone::get(zone).ok()?;
    // In UTC every time of the clock is a time.
    let mut at = civil::date(2025, 1, 1).to_zoned(TimeZone::UTC).ok()?;
    let end = civil::date(2027, 1, 1).to_zoned(TimeZone::UTC).ok()?;
    for _ in 0..TIMES {
        at = pattern.find_next_occurrence(&at, false).ok()?;
        if at > end {
            break;
        }
        let time = at.datetime();
        match zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Gap { .. } => return Some(Change::Skipped(time)),
            AmbiguousOffset::Fold { .. } => return Some(Change::Twice(time)),
            AmbiguousOffset::Unambiguous { .. } => {}
        }
    }
    None
}

fn hours(cron: &str) -> Option<&str> {
    expanded(cron).split_whitespace().nth(1)
}

/// The five fields of a preset.
fn expanded(cron: &str) -> &str {
    match cron {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        fields => fields,
    }
}

/// When an expression fires, in words: `at 03:00 on Monday to Friday`. The expression was checked.
pub fn words(cron: &str) -> String {
    let fields: Vec<&str> = expanded(cron).split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return cron.to_owned();
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let time = match (number(minute), number(hour)) {
        (Some(minute), Some(hour)) => format!("at {hour:02}:{minute:02}"),
        _ if *hour == "*" => match *minute {
            "*" => "every minute".to_owned(),
            "0" => "every hour".to_owned(),
            minute => match minute.strip_prefix("*/") {
                Some("1") => "every minute".to_owned(),
                Some(step) => format!("every {step} minutes"),
                None => format!("at minute {} of every hour", list(minute, &[], 0)),
            },
        },
        _ => {
            let minutes = match *minute {
                "*" => "every minute".to_owned(),
                minute => match minute.strip_prefix("*/") {
                    Some(step) => format!("every {step} minutes"),
                    None => format!("at minute {}", list(minute, &[], 0)),
                },
            };
            match hour.strip_prefix("*/") {
                Some(step) => format!("{minutes} of every {} hour", ordinal(step)),
                None => format!("{minutes} of hour {}", list(hour, &[], 0)),
            }
        }
    };
    let mut text = time;
    let days = (*day != "*").then(|| format!("day {} of the month", list(day, &[], 0)));
    let weekdays = (*weekday != "*").then(|| list(weekday, &DAYS, 0));
    match (days, weekdays) {
        (Some(days), Some(weekdays)) => text.push_str(&format!(" on {days}, and on {weekdays}")),
        (Some(one), None) | (None, Some(one)) => text.push_str(&format!(" on {one}")),
        (None, None) if text.starts_with("at ") && number(hour).is_some() => {
            text.push_str(" every day");
        }
        (None, None) => {}
    }
    if *month != "*" {
        text.push_str(&format!(" in {}", list(month, &MONTHS, 1)));
    }
    text
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn ordinal(number: &str) -> String {
    match number {
        "2" => "second".to_owned(),
        "3" => "third".to_owned(),
        other => format!("{other}th"),
    }
}

/// The items of a field, with the names of its numbers, which begin at `first`.
fn list(field: &str, names: &[&str], first: usize) -> String {
    let one = |text: &str| match text.parse::<usize>() {
        Ok(number) if !names.is_empty() => names
            .get(number.wrapping_sub(first))
            .map_or(text.to_owned(), |name| (*name).to_owned()),
        Ok(_) => text.to_owned(),
        Err(_) => names
            .iter()
            .find(|name| name[..3].eq_ignore_ascii_case(text))
            .map_or(text.to_owned(), |name| (*name).to_owned()),
    };
    let items: Vec<String> = field
        .split(',')
        .map(|item| {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(step)),
                None => (item, None),
            };
            let range = match range.split_once('-') {
                Some((from, to)) => format!("{} to {}", one(from), one(to)),
                None => one(range),
            };
            match step {
                Some(step) if range == "*" => format!("every {}", ordinal(step)),
                Some(step) => format!("every {} of {range}", ordinal(step)),
                None => range,
            }
        })
        .collect();
    match items.as_slice() {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        items => items.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_in_words() {
        for (cron, expected) in [
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 minutes"),
            ("@hourly", "every hour"),
            ("5,35 * * * *", "at minute 5 and 35 of every hour"),
            ("@daily", "at 00:00 every day"),
            ("0 3 * * MON-FRI", "at 03:00 on Monday to Friday"),
            ("30 6 1 * *", "at 06:30 on day 1 of the month"),
            ("0 0 1 1 *", "at 00:00 on day 1 of the month in January"),
            ("0 */6 * * *", "at minute 0 of every 6th hour"),
            (
                "* 9-17 * * 1,3",
                "every minute of hour 9 to 17 on Monday and Wednesday",
            ),
            (
                "0 9 13 * FRI",
                "at 09:00 on day 13 of the month, and on Friday",
            ),
        ] {
            assert_eq!(words(cron), expected, "{cron}");
        }
    }

    #[test]
    fn the_shortest_gap_is_found() {
        let seconds = |cron: &str| shortest_gap(cron).map(|gap| gap.as_secs());
        assert_eq!(seconds("* * * * *"), Some(60));
        assert_eq!(seconds("* 9 * * 1"), Some(60));
        assert_eq!(seconds("*/15 * * * *"), Some(900));
        assert_eq!(seconds("0 9,10 * * MON"), Some(3600));
        assert_eq!(seconds("@daily"), Some(86_400));
        assert_eq!(seconds("0 0 29 2 *"), None);
    }

    #[test]
    fn clock_changes_that_a_schedule_meets() {
        let change = |cron: &str, zone: &str| match in_clock_change(cron, zone) {
            Some(Change::Skipped(when)) => format!("skipped {when}"),
            Some(Change::Twice(when)) => format!("twice {when}"),
            None => "none".to_owned(),
        };
        assert_eq!(
            change("30 2 * * *", "Europe/Berlin"),
            "skipped 2025-03-30T02:30:00"
        );
        assert_eq!(
            change("30 1 * * *", "America/New_York"),
            "twice 2025-11-02T01:30:00"
        );
        assert_eq!(change("30 2 * * *", "UTC"), "none");
        assert_eq!(change("30 2 * * *", "Asia/Tokyo"), "none");
        assert_eq!(change("30 * * * *", "Europe/Berlin"), "none");
        assert_eq!(change("0 12 * * *", "Europe/Berlin"), "none");
    }
}
