//! Cron expressions, time zones, dates: what a schedule is made of.

use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::diagnostics;

use super::text::Fault;

const PRESETS: [&str; 7] = [
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
];

/// A field of a cron expression.
struct Field {
    /// In the plural.
    name: &'static str,
    min: u32,
    max: u32,
    /// Names of the numbers from `min` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minutes",
        min: 0,
        max: 59,
        names: &[],
    },
    Field {
        name: "hours",
        min: 0,
        max: 23,
        names: &[],
    },
    Field {
        name: "days of the month",
        min: 1,
        max: 31,
        names: &[],
    },
    Field {
        name: "months",
        min: 1,
        max: 12,
        names: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    },
    Field {
        name: "days of the week",
        min: 0,
        max: 6,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    },
];

/// Takes the five fields that every engine reads alike, and the presets. Engines differ in what more they take:
/// seconds, years, `L`, `W`, `#`, 7 for Sunday.
pub fn cron(text: &str) -> Result<(), Fault> {
    let form = "the five fields are minute, hour, day of the month, month, day of the week: `0 3 * * MON-FRI`";
    if text.starts_with('@') {
        if PRESETS.contains(&text) {
            return Ok(());
        }
        let help = diagnostics::did_you_mean(text, PRESETS);
        return Err(Fault {
            problem: "no preset of this name".to_owned(),
            help,
        });
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields.len() {
        5 => {}
        0 => return Err(Fault::new("has nothing in it").help(form)),
        6 => {
            let fault = Fault::new(
                "has six fields: engines disagree whether the first is seconds or the last the year",
            );
            return Err(match fields[0] {
                "0" => fault.help(format!("without seconds it is `{}`", fields[1..].join(" "))),
                _ => fault.help(form),
            });
        }
        count => {
            return Err(Fault::new(format!("expected five fields, this has {count}")).help(form));
        }
    }
    for (text, field) in fields.iter().zip(&FIELDS) {
        check_field(text, field)?;
    }
    let starts = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(text)
        .and_then(|cron| {
            let from = civil::date(2000, 1, 1)
                .to_zoned(TimeZone::UTC)
                .expect("a date of this age");
            cron.find_next_occurrence(&from, true)
        });
    match starts {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::new("no such day ever comes")),
    }
}

fn check_field(text: &str, field: &Field) -> Result<(), Fault> {
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        if let Some(step) = step {
            let fits = step.bytes().all(|byte| byte.is_ascii_digit())
                && step
                    .parse()
                    .is_ok_and(|step: u32| (1..=field.max).contains(&step));
            if !fits {
                return Err(Fault::new(format!(
                    "`{}` is no step for {}: a number from 1 to {}",
                    step.replace('`', "'"),
                    field.name,
                    field.max
                )));
            }
        }
        if range == "*" {
            continue;
        }
        match range.split_once('-') {
            Some((from, to)) => {
                let (from, to) = (check_number(from, field)?, check_number(to, field)?);
                if from > to {
                    return Err(
                        Fault::new(format!("`{range}` runs backwards")).help(format!(
                            "write two ranges: `{from}-{},{}-{to}`",
                            field.max, field.min
                        )),
                    );
                }
            }
            None => {
                let from = check_number(range, field)?;
                if let Some(step) = step {
                    return Err(
                        Fault::new(format!("`{item}` has a step and no range")).help(format!(
                            "write `{from}-{}/{step}`, or `*/{step}`",
                            field.max
                        )),
                    );
                }
            }
        }
    }
    Ok(())
}

fn check_number(text: &str, field: &Field) -> Result<u32, Fault> {
    if let Some(at) = field
        .names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text))
    {
        return Ok(field.min + at as u32);
    }
    let number: Option<u32> = match !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    };
    match number {
        Some(number) if (field.min..=field.max).contains(&number) => Ok(number),
        Some(7) if field.max == 6 => {
            Err(Fault::new("`7` for Sunday is not read by every engine").help("write `0` or `SUN`"))
        }
        Some(_) => Err(Fault::new(format!(
            "{} go from {} to {}, and this says `{text}`",
            field.name, field.min, field.max
        ))),
        None if text.contains(['L', 'W', '#', '?']) => Err(Fault::new(format!(
            "`{}` is not read by every engine",
            text.replace('`', "'")
        ))
        .help("only numbers, names, `*`, `-`, `,` and `/` mean the same on all")),
        None => Err(Fault::new(format!(
            "`{}` does not stand for {}",
            text.replace('`', "'"),
            field.name
        ))),
    }
}

/// The zone of an IANA name, from the data that mlpc carries: the same on every machine.
pub fn time_zone(name: &str) -> Result<TimeZone, Fault> {
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name) {
        return match zone.iana_name() {
            Some(known) if known != name => {
                Err(Fault::new("engines know it by another spelling")
                    .help(format!("write `{known}`")))
            }
            _ => Ok(zone),
        };
    }
    if name.is_empty() {
        return Err(Fault::new("has nothing in it"));
    }
    let names: Vec<String> = zones.available().map(|zone| zone.to_string()).collect();
    // A city alone is what most people try first.
    let city = names.iter().find(|zone| {
        zone.rsplit('/')
            .next()
            .is_some_and(|city| city.eq_ignore_ascii_case(name))
    });
    let near = city
        .map(String::as_str)
        .or_else(|| diagnostics::nearest(name, names.iter().map(String::as_str)));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a time zone has its IANA name, such as `UTC` or `Europe/Berlin`".to_owned(),
    };
    Err(Fault::new("no such time zone").help(help))
}

/// A bound of a schedule, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Instant {
    /// Midnight at its beginning, in the schedule's zone.
    Date(civil::Date),
    /// In the schedule's zone.
    Local(civil::DateTime),
    /// With an offset.
    Fixed(Timestamp),
}

impl Instant {
    /// Reads `2024-01-01`, `2024-01-01T06:00`, and the latter with seconds, with `Z` or an offset.
    pub fn read(text: &str) -> Result<Instant, Fault> {
        let form = "write `2024-01-01`, `2024-01-01T06:00` or `2024-01-01T06:00:00+01:00`";
        let skeleton: String = text
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        if skeleton == "0000-00-00" {
            let date = text.parse();
            return date.map(Instant::Date).map_err(|_| no_such_day(text));
        }
        let local = ["Z", "+00:00", "-00:00"]
            .into_iter()
            .find_map(|offset| skeleton.strip_suffix(offset));
        let (local, offset) = match local {
            Some(local) => (local, true),
            None => (skeleton.as_str(), false),
        };
        if !matches!(local, "0000-00-00T00:00" | "0000-00-00T00:00:00") {
            return Err(Fault::new("expected ISO 8601").help(form));
        }
        match offset {
            true => text
                .parse()
                .map(Instant::Fixed)
                .map_err(|_| no_such_day(text)),
            false => text
                .parse()
                .map(Instant::Local)
                .map_err(|_| no_such_day(text)),
        }
    }

    /// When it is, in a schedule of this zone; nothing beyond the years that clocks know.
    pub fn timestamp(&self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Instant::Date(date) => zone.to_timestamp(date.at(0, 0, 0, 0)).ok(),
            Instant::Local(local) => zone.to_timestamp(*local).ok(),
            Instant::Fixed(timestamp) => Some(*timestamp),
        }
    }
}

fn no_such_day(text: &str) -> Fault {
    match text.len() {
        10 => Fault::new("the calendar has no such day"),
        _ => Fault::new("there is no such day, time or offset"),
    }
}
