//! Logs on standard error. `RUST_LOG` filters; the default shows Wharf's own words and others' warnings.

use crate::cli::LogFormat;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging; a second call does nothing.
pub fn start(form: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(std::io::stderr);
    let _ = match form {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
}

/// Starts counting; renders Prometheus' text form. Where another recorder runs already (a second gateway in one
/// process), this one stays empty.
pub fn metrics() -> wharf_api::RenderMetrics {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    std::sync::Arc::new(move || handle.render())
}
