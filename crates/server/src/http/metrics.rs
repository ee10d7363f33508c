//! Counters for Prometheus, served on the management listener.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::reply;

/// One recorder a process, however many servers it holds (tests hold several).
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER
        .get_or_init(|| {
            let buckets = [
                0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0,
            ];
            let builder = PrometheusBuilder::new().set_buckets(&buckets).ok()?;
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).ok()?;
            Some(handle)
        })
        .as_ref()
}

/// Counts a request: by dialect, route template, method and status, never by value.
pub fn count(dialect: &'static str, route: &str, method: &Method, status: u16, took: Duration) {
    if recorder().is_none() {
        return;
    }
    let labels = [
        ("dialect", dialect.to_owned()),
        ("route", route.to_owned()),
        ("method", standard(method).to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!("muster_http_requests_total", &labels).increment(1);
    metrics::histogram!("muster_http_request_duration_seconds", "dialect" => dialect).record(took);
}

/// The method, if it is a standard one: clients cannot make up labels.
fn standard(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// `GET /metrics`, in Prometheus' text format.
pub async fn show() -> Response {
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    reply::typed(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        text,
    )
}
