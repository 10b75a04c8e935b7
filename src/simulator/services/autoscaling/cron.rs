//! Recurrences in the five fields of cron: minute, hour, day of the month, month, day of the week.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use crate::simulator::clock::Moment;

/// A recurrence: the values that each field allows.
#[derive(Clone, Debug)]
pub(super) struct Recurrence {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
    /// Days of the month and of the week are an alternative if both are restricted.
    either_day: bool,
}

/// Who does not come within this many days never comes: the 29th of February does.
const HORIZON: i64 = 4 * 366;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Recurrence {
    /// Reads `0 22 * * 1-5`, and names like `@daily`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        let mut on_weekdays = values(weekdays, (0, 7), &WEEKDAYS, 0)?;
        if on_weekdays.contains(&7) {
            on_weekdays.push(0);
        }
        Some(Self {
            minutes: values(minutes, (0, 59), &[], 0)?,
            hours: values(hours, (0, 23), &[], 0)?,
            days: values(days, (1, 31), &[], 0)?,
            months: values(months, (1, 12), &MONTHS, 1)?,
            weekdays: on_weekdays,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    /// The first time after a moment, in a time zone (UTC, if it is none that we know).
    pub(super) fn after(&self, moment: Moment, zone: Option<&str>) -> Option<Moment> {
        let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let minute = Moment(moment.0 - moment.0 % 60_000).plus(Duration::from_mins(1));
        let mut at = Timestamp::from_millisecond(i64::try_from(minute.0).ok()?).ok()?.to_zoned_datetime(zone);
        for _ in 0..HORIZON {
            if self.is_day(&at)
                && let Some(found) = self.on_day(&at)
            {
                return u64::try_from(found.timestamp().as_millisecond()).ok().map(Moment);
            }
            at = at.tomorrow().ok()?.start_of_day().ok()?;
        }
        None
    }

    fn is_day(&self, at: &ZonedDateTime) -> bool {
        let day = self.days.contains(&at.day());
        let weekday = self.weekdays.contains(&at.weekday().to_sunday_zero_offset());
        let fits = if self.either_day { day || weekday } else { day && weekday };
        fits && self.months.contains(&at.month())
    }

    /// The first time on this day that is not before its time of day.
    fn on_day(&self, at: &ZonedDateTime) -> Option<ZonedDateTime> {
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let first = times.filter(|time| *time >= (at.hour(), at.minute())).min()?;
        at.with().hour(first.0).minute(first.1).second(0).subsec_nanosecond(0).build().ok()
    }
}

/// The values of one field: `*`, `5`, `1-5`, `*/10`, `MON,WED`.
fn values(field: &str, (low, high): (i8, i8), names: &[&str], first: i8) -> Option<Vec<i8>> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        match named {
            Some(at) => i8::try_from(at).ok().map(|at| at + first),
            None => text.parse::<i8>().ok(),
        }
    };
    let mut found = Vec::new();
    for part in field.split(',') {
        let (range, step) =
            part.split_once('/').map_or((part, Some(1)), |(range, step)| (range, step.parse::<usize>().ok()));
        let step = step.filter(|step| *step > 0)?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" || range == "?" => (low, high),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if from < low || to > high || from > to {
            return None;
        }
        found.extend((from..=to).step_by(step));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(pattern: &str, from: &str) -> String {
        Recurrence::read(pattern).unwrap().after(Moment::parse(from).unwrap(), None).unwrap().iso()
    }

    #[test]
    fn the_next_time_is_the_first_that_fits_all_fields() {
        assert_eq!(next("0 22 * * *", "2026-01-01T10:00:00Z"), "2026-01-01T22:00:00.000Z");
        assert_eq!(next("0 22 * * *", "2026-01-01T22:00:00Z"), "2026-01-02T22:00:00.000Z");
        assert_eq!(next("*/15 * * * *", "2026-01-01T10:07:30Z"), "2026-01-01T10:15:00.000Z");
        assert_eq!(next("30 6 * * MON-FRI", "2026-01-02T07:00:00Z"), "2026-01-05T06:30:00.000Z");
        assert_eq!(next("0 0 29 2 *", "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00.000Z");
        assert_eq!(next("0 0 13 * 5", "2026-01-01T00:00:00Z"), "2026-01-02T00:00:00.000Z");
    }

    #[test]
    fn what_is_no_recurrence_is_refused() {
        for pattern in ["", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "x * * * *"] {
            assert!(Recurrence::read(pattern).is_none(), "{pattern}");
        }
    }
}
