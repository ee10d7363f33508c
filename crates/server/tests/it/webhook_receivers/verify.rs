use axum::http::HeaderMap;
use standardwebhooks::Webhook;

type Failed = Box<dyn std::error::Error + Send + Sync>;

pub fn verify(secret: &str, headers: &HeaderMap, body: &[u8]) -> Result<serde_json::Value, Failed> {
    Webhook::new(secret)?.verify(body, headers)?;
    Ok(serde_json::from_slice(body)?)
}
