//! Calls over HTTP, shown as curl lines that can be pasted.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::output::Told;

/// A call to be made.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Call {
    /// The call as a curl line.
    fn curl(&self) -> String {
        let mut text = "curl -i".to_owned();
        if self.method != "GET" && !(self.method == "POST" && self.body.is_some()) {
            text.push_str(&format!(" -X {}", self.method));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!(
                " \\\n  -H {}",
                quoted(&format!("{name}: {value}"))
            ));
        }
        if let Some(body) = &self.body {
            text.push_str(&format!(" \\\n  -d {}", quoted(body)));
        }
        format!("{text} \\\n  {}", quoted(&self.url))
    }

    /// Makes the call and prints it with its answer.
    pub(super) fn show(&self, told: Told) -> Result<Answer, String> {
        told.say(&format!("\n$ {}", self.curl()));
        let answer = self.make()?;
        told.say(&format!("HTTP {}", answer.status));
        if let Some(location) = &answer.location {
            told.say(&format!("location: {location}"));
        }
        if !answer.body.is_empty() {
            told.say(&answer.body);
        }
        told.record(&json!({
            "curl": self.curl(),
            "status": answer.status,
            "location": answer.location,
            "body": answer.json(),
        }));
        Ok(answer)
    }

    /// Makes the call.
    pub(super) fn make(&self) -> Result<Answer, String> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(self.method)
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let said = |cause: &dyn std::fmt::Display| format!("{} {}: {cause}", self.method, self.url);
        let sent = match &self.body {
            Some(body) => agent.run(request.body(body.clone()).map_err(|cause| said(&cause))?),
            None => agent.run(request.body(()).map_err(|cause| said(&cause))?),
        };
        let mut response = sent.map_err(|cause| said(&cause))?;
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = response
            .body_mut()
            .read_to_string()
            .map_err(|cause| said(&cause))?;
        Ok(Answer {
            status: response.status().as_u16(),
            location,
            body,
        })
    }
}

/// A text in single quotes for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curl_line_can_be_pasted() {
        let call = Call {
            method: "POST",
            url: "http://h/p".to_owned(),
            headers: vec![("accept", "a'b".to_owned())],
            body: Some("{}".to_owned()),
        };
        assert_eq!(
            call.curl(),
            "curl -i \\\n  -H 'accept: a'\\''b' \\\n  -d '{}' \\\n  'http://h/p'"
        );
    }
}
