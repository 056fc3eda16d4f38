//! Cases as a table for people and as one JSON object for scripts.

use crate::out;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// One measured case.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub name: &'static str,
    /// Size of what was measured (people, rows).
    pub n: u64,
    /// Per second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// The reference rate measured in the same run; 0 = none.
    pub floor: f64,
    /// `rate / floor`; 0 = none.
    pub ratio: f64,
}

/// All of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub bench: &'static str,
    pub machine: String,
    pub cases: Vec<Case>,
    /// What is said about cases together, by name; the name ends with the unit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<&'static str, f64>,
}

/// Latencies of one case.
#[derive(Debug, Default)]
pub struct Samples {
    pub took: Vec<Duration>,
    pub elapsed: Duration,
}

impl Samples {
    fn at(&self, share: f64) -> f64 {
        let place = (self.took.len() as f64 * share) as usize;
        let took = self.took.get(place.min(self.took.len().saturating_sub(1)));
        took.map_or(0.0, |took| round(took.as_secs_f64() * 1e3))
    }

    /// As a case beside its floor (0 = none).
    pub fn case(mut self, name: &'static str, n: u64, floor: f64) -> Case {
        self.took.sort_unstable();
        let rate = round(self.took.len() as f64 / self.elapsed.as_secs_f64().max(1e-9));
        let ratio = if floor > 0.0 {
            round(rate / floor)
        } else {
            0.0
        };
        Case {
            name,
            n,
            rate,
            p50_ms: self.at(0.5),
            p99_ms: self.at(0.99),
            floor,
            ratio,
        }
    }
}

pub fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Cores and their kind, so that figures are not compared across machines by accident.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    format!("{cores} cores, {}", model.unwrap_or("unknown processor"))
}

impl Report {
    pub fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return out::json(self);
        }
        out::line(format_args!("bench {} on {}\n", self.bench, self.machine));
        out::line(format_args!(
            "{:<14} {:>9} {:>11} {:>9} {:>9} {:>11} {:>7}",
            "case", "n", "rate/s", "p50 ms", "p99 ms", "floor/s", "ratio"
        ));
        for case in &self.cases {
            let Case {
                name,
                n,
                rate,
                p50_ms,
                p99_ms,
                floor,
                ratio,
            } = case;
            out::line(format_args!(
                "{name:<14} {n:>9} {rate:>11.0} {p50_ms:>9.3} {p99_ms:>9.3} {floor:>11.0} {ratio:>7.2}"
            ));
        }
        for (name, figure) in &self.figures {
            out::line(format_args!("{name:<24} {figure:>9.3}"));
        }
        Ok(())
    }
}
