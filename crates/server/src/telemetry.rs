//! What the process says of itself.
//!
//! Logs on standard error. `RUST_LOG` filters; the default shows Wharf's own words and others' warnings.
//! Counters and timings in Prometheus' text form.

use crate::{cli::LogFormat, redact::Redacting};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging; a second call does nothing.
pub fn start(form: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    // A log that cannot be written (its disk may be full) harms nothing: complaining of it would panic.
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let format = fmt::format();
    let _ = match form {
        LogFormat::Text => registry
            .with(layer.event_format(Redacting(format)))
            .try_init(),
        LogFormat::Json => registry
            .with(layer.json().event_format(Redacting(format.json())))
            .try_init(),
    };
}

/// Upper bounds in seconds. A stored read is there in well under a millisecond, a synchronous send waits up to 30 s.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 15.0, 30.0,
];
/// What was recorded waits in memory until it is sorted into its buckets: that may not depend on anybody asking.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts counting; renders Prometheus' text form, and a task that keeps what is counted small. Where another
/// recorder runs already (a second gateway in one process), this one stays empty.
pub fn metrics() -> anyhow::Result<(wharf_api::RenderMetrics, JoinHandle<()>)> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    let kept = handle.clone();
    let upkeep = tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok((Arc::new(move || handle.render()), upkeep))
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn timings_are_counted_in_buckets() {
        let (render, _upkeep) = super::metrics().unwrap();
        metrics::histogram!("telemetry_test_seconds").record(0.002);
        let text = render();
        for line in [
            "# TYPE telemetry_test_seconds histogram",
            "telemetry_test_seconds_bucket{le=\"0.001\"} 0",
            "telemetry_test_seconds_bucket{le=\"0.0025\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
